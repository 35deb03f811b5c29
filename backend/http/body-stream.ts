import type { IncomingMessage, ServerResponse } from 'node:http';
import { type ReadBodyOptions, readBody } from './request-body.ts';

/** What may wait for whoever reads; beyond, the client is held back. */
const maxHeldBytes = 1024 * 1024;

/**
 * A request's body, piece by piece, for who wants to pull it. Throws as {@link readBody} does. Leaving the loop early leaves the rest
 * unread and the connection alive, so that there can be an answer.
 */
export async function* streamBody(
  request: IncomingMessage,
  response: ServerResponse,
  { idleSeconds, signal }: ReadBodyOptions,
): AsyncGenerator<Uint8Array> {
  const left = new AbortController();
  const stop = signal === undefined ? left.signal : AbortSignal.any([signal, left.signal]);
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  let over = false;
  let arrived = Promise.withResolvers<void>();
  let taken = Promise.withResolvers<void>();

  const reading = readBody(
    request,
    response,
    (chunk) => {
      held.push(chunk);
      heldBytes += chunk.byteLength;
      arrived.resolve();
      return heldBytes < maxHeldBytes ? undefined : taken.promise;
    },
    { idleSeconds, signal: stop },
  ).finally(() => {
    over = true;
    arrived.resolve();
  });
  reading.catch(() => undefined);
  try {
    for (;;) {
      await arrived.promise;
      const isLast = over;
      const chunks = held;
      held = [];
      heldBytes = 0;
      arrived = Promise.withResolvers();
      taken.resolve();
      taken = Promise.withResolvers();
      yield* chunks;
      if (isLast) break;
    }
    await reading;
  } finally {
    left.abort();
  }
}
