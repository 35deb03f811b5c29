import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { BlockList, isIPv6, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { OpenLimit } from '../client-limits.ts';
import { networkOf } from './client-network.ts';

export interface ConnectionLimits extends Pick<OpenLimit, 'perClient' | 'inAll'> {
  /** Addresses and networks of proxies. Their connections are those of many clients, so they count only in all. */
  readonly trustedProxies: readonly string[];
}

interface Connection {
  readonly socket: Socket;
  /** The connections of the same client, or of all proxies, in the order of their last requests. */
  readonly group: Set<Connection>;
  /** How many reasons there are to keep it open. */
  holds: number;
  /** The latest request and its answer. Absent for a WebSocket. */
  request?: IncomingMessage;
  response?: ServerResponse;
}

const connections = new WeakMap<Duplex, Connection>();

/** Keeps a connection open at the limit, until the returned function is called. For connections that are counted in another way. */
export function holdConnection(socket: Duplex): () => void {
  const connection = connections.get(socket);
  if (connection === undefined) return () => undefined;
  connection.holds += 1;
  let isHeld = true;
  return () => {
    if (isHeld) connection.holds -= 1;
    isHeld = false;
  };
}

/**
 * Limits how many connections a server has. A new one takes the place of another that waits for its client: one without a request, with a
 * request that is still arriving, or with an answer that is being sent. The one whose last request is the oldest goes first: an honest request
 * arrives at once, a slow one has had its time. If there is no such connection, the new one is closed.
 *
 * Call this before the server listens.
 */
export function limitConnections(server: Server, { perClient, inAll, trustedProxies }: ConnectionLimits): void {
  const groups = new Map<string, Set<Connection>>();
  const proxies = networkList(trustedProxies);
  let open = 0;

  function groupOf({ remoteAddress = '' }: Socket): string {
    return isIn(proxies, remoteAddress) ? 'proxies' : networkOf(remoteAddress);
  }

  /** Whether there is room for a connection of this group. */
  function makeRoom(name: string, group: ReadonlySet<Connection>): boolean {
    if (name !== 'proxies' && group.size >= perClient) return closeOneOf(group);
    if (open < inAll) return true;
    const largestFirst = [...groups.values()].toSorted((one, other) => other.size - one.size);
    return largestFirst.some(closeOneOf);
  }

  function onConnection(socket: Socket): void {
    const name = groupOf(socket);
    const group = groups.get(name) ?? new Set();
    if (!makeRoom(name, group)) {
      socket.destroy();
      return;
    }
    const connection: Connection = { socket, group, holds: 0 };
    connections.set(socket, connection);
    groups.set(name, group.add(connection));
    open += 1;
    socket.once('close', () => {
      open -= 1;
      group.delete(connection);
      if (group.size === 0 && groups.get(name) === group) groups.delete(name);
    });
  }

  function onRequest(request: IncomingMessage, response: ServerResponse): void {
    const connection = connections.get(request.socket);
    if (connection === undefined) return;
    connection.request = request;
    connection.response = response;
    if (connection.group.delete(connection)) connection.group.add(connection);
  }

  server.on('connection', onConnection);
  server.on('request', onRequest);
  server.on('upgrade', ({ socket }: IncomingMessage) => {
    const connection = connections.get(socket);
    delete connection?.request;
    delete connection?.response;
  });
}

function closeOneOf(group: ReadonlySet<Connection>): boolean {
  for (const connection of group) {
    if (connection.socket.destroyed || !waitsForClient(connection)) continue;
    connection.socket.destroy();
    return true;
  }
  return false;
}

function waitsForClient({ holds, request, response }: Connection): boolean {
  if (holds > 0) return false;
  const isOurTurn = request?.complete === true && response !== undefined && !response.headersSent;
  return !isOurTurn;
}

function networkList(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', bits] = network.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return list;
}

function isIn(list: BlockList, address: string): boolean {
  return address !== '' && list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}
