import { type IncomingMessage, type RequestListener, type Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { hasBody } from './request-body.ts';

/** A connection on which HTTP has ended, and what had already come for whoever takes it over. */
export interface TakenConnection {
  readonly socket: Duplex;
  readonly head: Buffer;
}

const upgrades = new WeakMap<IncomingMessage, TakenConnection>();

/**
 * True for a request that asks to become a WebSocket (RFC 6455, section 4.1). Every other `Upgrade` is passed over, as RFC 9110,
 * section 7.8 allows: curl offers `h2c` with its uploads, and means them all the same.
 */
export function asksForWebSocket(request: IncomingMessage): boolean {
  return request.method === 'GET' && /^websocket$/i.test(request.headers.upgrade ?? '') && !hasBody(request);
}

/**
 * Gives `app` the requests for a WebSocket like any other: all that is checked at the door is checked, and a refusal is an answer
 * as any. A route that wants the connection calls {@link takeConnection}. Returns what cuts off all that were taken.
 */
export function serveUpgrades(server: Server, app: RequestListener): () => void {
  const sockets = new Set<Duplex>();
  // Apart from the listener below, so that what stays with the connection does not hold its request.
  function remember(socket: Duplex): void {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    // Node has let go of the connection: an error that nobody hears would end the process.
    socket.on('error', () => undefined);
  }
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    remember(socket);
    const response = new ServerResponse(request);
    // Where a next request would begin, nobody reads any more.
    response.shouldKeepAlive = false;
    response.assignSocket(request.socket);
    response.once('finish', () => request.socket.destroySoon());
    upgrades.set(request, { socket, head });
    app(request, response);
  });
  return () => {
    for (const socket of sockets) socket.destroy();
  };
}

/**
 * Takes over the connection of a request that asked to become a WebSocket; undefined for any other. Nothing may have been answered,
 * and `response` is not to be used any more.
 */
export function takeConnection(request: IncomingMessage, response: ServerResponse): TakenConnection | undefined {
  const taken = upgrades.get(request);
  if (taken === undefined) return undefined;
  upgrades.delete(request);
  response.detachSocket(request.socket);
  return taken;
}
