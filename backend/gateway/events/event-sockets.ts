import type { Duplex } from 'node:stream';
import type { Request, Response } from 'express';
import { type ServerOptions, type WebSocket, WebSocketServer } from 'ws';
import { AppError } from '../../../shared/errors.ts';
import type { Identity } from '../../http/authentication.ts';
import { holdConnection } from '../../http/connections.ts';
import type { OpenCount } from '../../http/open-count.ts';
import { shuttingDown } from '../../http/problem.ts';
import { clientOf } from '../../http/routes.ts';
import { takeConnection } from '../../http/upgrade.ts';
import { carryEvents, type EventSocket, type EventSocketOptions, type EventSocketParts } from './event-socket.ts';

type OpenOptions = Pick<EventSocketOptions, 'signedIn' | 'since'>;

export interface EventSocketsParts extends EventSocketParts {
  /** Count the sockets of signed-in clients. */
  readonly openSockets: readonly OpenCount[];
}

/** The event sockets of a gateway. */
export interface EventSockets {
  /**
   * Upgrades the request's connection to a WebSocket. Throws `bad_request` if the request is not a valid upgrade,
   * `too_many` if too many clients are signing in or the account has too many sockets, and `unavailable` once the sockets are being closed.
   */
  open(request: Request, response: Response, options: OpenOptions): void;
  /** Throws the errors of `open` that can be known before any work is done for the request. */
  check(request: Request): void;
  /** Tells all clients that the server is shutting down. Resolves when all sockets are closed. */
  close(): Promise<void>;
}

export function createEventSockets(parts: EventSocketsParts): EventSockets {
  const { limits, openSockets } = parts;
  // The package's types lack `closeTimeout`.
  const settings: ServerOptions & { readonly closeTimeout: number } = {
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: limits.maxMessageBytes,
    closeTimeout: limits.closeSeconds * 1000,
    // Accept no subprotocol: one that a client offers may be its token, which would be echoed in a header.
    handleProtocols: () => false,
  };
  const server = new WebSocketServer(settings);
  const sockets = new Map<WebSocket, EventSocket>();
  const signingIn = countByClient();
  let closing = false;

  function check(request: Request): void {
    if (closing) throw shuttingDown();
    if (!/^websocket$/i.test(request.headers.upgrade ?? '')) {
      throw new AppError('bad_request', 'This address only accepts WebSocket upgrades.');
    }
    checkHandshake(request);
  }

  /** Counts the socket until its connection closes. Throws `too_many`. */
  function count(connection: Duplex, client: string, { accountId: account }: Identity): void {
    if (connection.destroyed) throw new AppError('unavailable', 'The client went away.');
    for (const openCount of openSockets) connection.once('close', openCount.enter({ account, client }));
    holdConnection(connection);
  }

  function carry(socket: WebSocket, connection: Duplex, client: string, options: OpenOptions): void {
    const onSignInOver = options.signedIn === undefined ? signingIn.add(client) : () => undefined;
    const counted = { onSignInOver, count: (identity: Identity) => count(connection, client, identity) };
    sockets.set(socket, carryEvents(socket, { ...options, client, ...counted }, parts));
    socket.once('close', () => sockets.delete(socket));
  }

  return {
    check,
    open(request, response, options) {
      check(request);
      const client = clientOf(request);
      const tooMany = signingIn.total() >= limits.maxSigningIn || signingIn.of(client) >= limits.maxSigningInOfClient;
      if (options.signedIn === undefined && tooMany) {
        throw new AppError('too_many', 'Too many clients are signing in.', { details: { retryAfterSeconds: 1 } });
      }
      if (options.signedIn !== undefined) count(request.socket, client, options.signedIn.identity);
      const taken = takeConnection(request, response);
      if (taken === undefined) throw new AppError('bad_request', 'This request cannot become a WebSocket.');
      server.handleUpgrade(request, taken.socket, taken.head, (socket) => carry(socket, taken.socket, client, options));
    },
    async close() {
      closing = true;
      const closed = [...sockets.keys()].map((socket) => new Promise((resolve) => socket.once('close', resolve)));
      for (const socket of sockets.values()) socket.goAway();
      await Promise.all(closed);
    },
  };
}

/** RFC 6455, section 4.2.1. The library checks this too, but answers in its own format. */
function checkHandshake(request: Request): void {
  const { 'sec-websocket-key': key = '', 'sec-websocket-version': version } = request.headers;
  if (!/^[+/0-9A-Za-z]{22}==$/.test(key)) {
    throw new AppError('bad_request', 'The header Sec-WebSocket-Key is missing or malformed.');
  }
  if (version !== '13') throw new AppError('bad_request', 'Sec-WebSocket-Version must be 13.');
  // Ignore the offered subprotocols, whether or not they are well-formed.
  delete request.headers['sec-websocket-protocol'];
}

interface ClientCounts {
  total(): number;
  of(client: string): number;
  /** Adds one and returns a function that removes it again, once. */
  add(client: string): () => void;
}

function countByClient(): ClientCounts {
  const counts = new Map<string, number>();
  let total = 0;
  return {
    total: () => total,
    of: (client) => counts.get(client) ?? 0,
    add(client) {
      total += 1;
      counts.set(client, (counts.get(client) ?? 0) + 1);
      let counted = true;
      return () => {
        if (!counted) return;
        counted = false;
        total -= 1;
        const left = (counts.get(client) ?? 1) - 1;
        if (left === 0) counts.delete(client);
        else counts.set(client, left);
      };
    },
  };
}
