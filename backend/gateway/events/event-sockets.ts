import type { Request, Response } from 'express';
import { type ServerOptions, type WebSocket, WebSocketServer } from 'ws';
import { AppError } from '../../../shared/errors.ts';
import { clientOf } from '../../http/routes.ts';
import { takeConnection } from '../../http/upgrade.ts';
import { carryEvents, type EventSocket, type EventSocketOptions, type EventSocketParts } from './event-socket.ts';

type OpenOptions = Pick<EventSocketOptions, 'signedIn' | 'since'>;

/** All the sockets of one gateway. */
export interface EventSockets {
  /**
   * Makes a WebSocket of the request's connection. Throws `bad_request` for a request that is none for one, `too_many` where too
   * many are about to sign in, `unavailable` once they are being closed.
   */
  open(request: Request, response: Response, options: OpenOptions): void;
  /** Throws as `open` does, where that is known already; to be asked before anything is done for the request. */
  check(request: Request): void;
  /** Tells all that the server goes away; resolves once all are closed. */
  close(): Promise<void>;
}

export function createEventSockets(parts: EventSocketParts): EventSockets {
  const { limits } = parts;
  // `closeTimeout` is not in the package's types yet.
  const settings: ServerOptions & { readonly closeTimeout: number } = {
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: limits.maxMessageBytes,
    closeTimeout: limits.closeSeconds * 1000,
    // None of those that a client offers: one of them may be its token, and would come back to it in a header.
    handleProtocols: () => false,
  };
  const server = new WebSocketServer(settings);
  const sockets = new Map<WebSocket, EventSocket>();
  const signingIn = countByClient();
  let closing = false;

  function check(request: Request): void {
    if (closing) throw new AppError('unavailable', 'The server goes away.');
    if (!/^websocket$/i.test(request.headers.upgrade ?? '')) {
      throw new AppError('bad_request', 'This is for WebSockets alone: an upgrade is expected.');
    }
    checkHandshake(request);
  }

  function carry(socket: WebSocket, client: string, options: OpenOptions): void {
    const onSignInOver = options.signedIn === undefined ? signingIn.add(client) : () => undefined;
    sockets.set(socket, carryEvents(socket, { ...options, client, onSignInOver }, parts));
    socket.once('close', () => sockets.delete(socket));
  }

  return {
    check,
    open(request, response, options) {
      check(request);
      const client = clientOf(request);
      const tooMany = signingIn.total() >= limits.maxSigningIn || signingIn.of(client) >= limits.maxSigningInOfClient;
      if (options.signedIn === undefined && tooMany) {
        throw new AppError('too_many', 'Too many are about to sign in.', { details: { retryAfterSeconds: 1 } });
      }
      const taken = takeConnection(request, response);
      if (taken === undefined) throw new AppError('bad_request', 'This request cannot become a WebSocket.');
      server.handleUpgrade(request, taken.socket, taken.head, (socket) => carry(socket, client, options));
    },
    async close() {
      closing = true;
      const closed = [...sockets.keys()].map((socket) => new Promise((resolve) => socket.once('close', resolve)));
      for (const socket of sockets.values()) socket.goAway();
      await Promise.all(closed);
    },
  };
}

/** RFC 6455, section 4.2.1. The library would look, too, but answer in its own words. */
function checkHandshake(request: Request): void {
  const { 'sec-websocket-key': key = '', 'sec-websocket-version': version } = request.headers;
  if (!/^[+/0-9A-Za-z]{22}==$/.test(key)) {
    throw new AppError('bad_request', 'The header Sec-WebSocket-Key is missing or malformed.');
  }
  if (version !== '13') throw new AppError('bad_request', 'Sec-WebSocket-Version 13 is expected.');
  // What is offered is passed over, whether or not it is well-formed.
  delete request.headers['sec-websocket-protocol'];
}

interface ClientCounts {
  total(): number;
  of(client: string): number;
  /** Counts one more; returns what takes it back, once. */
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
