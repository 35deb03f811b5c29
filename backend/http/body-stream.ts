import type { IncomingMessage, ServerResponse } from 'node:http';
import { type ReadBodyOptions, readBody } from './request-body.ts';

/** How many bytes may wait for the reader. Beyond that, the client has to wait. */
const maxHeldBytes = 1024 * 1024;

/**
 * Iterates over a request's body. Throws as {@link readBody} does. Leaving the loop early leaves the rest unread and the connection
 * open, so that the request can still be answered.
 */
export async function* streamBody(
  request: IncomingMessage,
  response: ServerResponse,
  { signal, ...options }: ReadBodyOptions,
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
    { ...options, signal: stop },
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
