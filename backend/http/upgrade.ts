import { type IncomingMessage, type RequestListener, type Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { hasBody } from './request-body.ts';

/** A connection that has left HTTP, and the bytes that had already arrived on it. */
export interface TakenConnection {
  readonly socket: Duplex;
  readonly head: Buffer;
}

const upgrades = new WeakMap<IncomingMessage, TakenConnection>();

/**
 * True for a request that asks to become a WebSocket (RFC 6455, section 4.1). Any other `Upgrade` is ignored, as RFC 9110, section 7.8
 * allows: curl offers `h2c` with ordinary uploads.
 */
export function asksForWebSocket(request: IncomingMessage): boolean {
  return request.method === 'GET' && /^websocket$/i.test(request.headers.upgrade ?? '') && !hasBody(request);
}

/**
 * Passes requests for a WebSocket to `app` like any other request, so that the same checks and refusals apply. A route that wants the
 * connection calls {@link takeConnection}. Returns a function that cuts off all such connections.
 */
export function serveUpgrades(server: Server, app: RequestListener): () => void {
  const sockets = new Set<Duplex>();
  // A function of its own, so that these listeners do not keep the request in memory.
  function remember(socket: Duplex): void {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    // Node does not handle this connection any more. Without a listener, an error would end the process.
    socket.on('error', () => undefined);
  }
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    remember(socket);
    const response = new ServerResponse(request);
    // Nothing reads a next request from this connection.
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
 * Takes over the connection of a request for a WebSocket. Undefined for any other request. Nothing may have been answered yet, and
 * `response` must not be used afterwards.
 */
export function takeConnection(request: IncomingMessage, response: ServerResponse): TakenConnection | undefined {
  const taken = upgrades.get(request);
  if (taken === undefined) return undefined;
  upgrades.delete(request);
  response.detachSocket(request.socket);
  return taken;
}
