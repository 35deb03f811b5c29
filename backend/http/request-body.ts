import type { IncomingMessage, ServerResponse } from 'node:http';
import { AppError } from '../../shared/errors.ts';

/** Takes a piece of a body. While a promise that it gives is pending, the client is held back. */
export type BodySink = (chunk: Uint8Array) => Promise<void> | undefined;

export interface ReadBodyOptions {
  /** How long a client may send nothing while it is waited for. */
  readonly idleSeconds: number;
  readonly signal?: AbortSignal;
}

/**
 * Hands a request's body to `sink` piece by piece. Leaves the rest unread and the connection alive when it rejects, so that
 * there can be an answer: with `request_timeout` when the client falls silent, `bad_request` when it goes away, the signal's
 * reason, or what the sink threw.
 */
export function readBody(
  request: IncomingMessage,
  response: ServerResponse,
  sink: BodySink,
  { idleSeconds, signal }: ReadBodyOptions,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let settled = false;
  const idle = setTimeout(() => {
    // The client is not to blame for a pause of ours; `take` starts the clock anew after it.
    if (!request.isPaused()) stop(new AppError('request_timeout', 'Nothing more came, so the request was given up.'));
  }, idleSeconds * 1000);

  function take(chunk: Uint8Array): void {
    idle.refresh();
    let taken: Promise<void> | undefined;
    try {
      taken = sink(chunk);
    } catch (error) {
      stop(error);
    }
    if (taken === undefined) return;
    request.pause();
    taken.then(() => {
      if (settled) return;
      idle.refresh();
      request.resume();
    }, stop);
  }
  function cutOff(error?: unknown): void {
    stop(new AppError('bad_request', 'The request was cut off.', error === undefined ? {} : { cause: error }));
  }
  function onAbort(): void {
    stop(signal?.reason);
  }
  function settle(): void {
    settled = true;
    clearTimeout(idle);
    signal?.removeEventListener('abort', onAbort);
    // A body that breaks off after we have stopped caring is no news; unheard, it would end the process.
    request
      .off('data', take)
      .off('end', onEnd)
      .off('close', cutOff)
      .off('error', cutOff)
      .on('error', () => undefined);
  }
  function onEnd(): void {
    settle();
    resolve();
  }
  function stop(error: unknown): void {
    settle();
    request.pause();
    reject(error);
  }

  if (signal?.aborted) {
    stop(signal.reason);
    return promise;
  }
  if (request.destroyed) {
    cutOff();
    return promise;
  }
  signal?.addEventListener('abort', onAbort);
  if (awaitsContinue(request)) response.writeContinue();
  request.on('end', onEnd).on('close', cutOff).on('error', cutOff).on('data', take);
  return promise;
}

/** Whether the request's head announces a body (RFC 9112, section 6.3). */
export function hasBody(request: IncomingMessage): boolean {
  const { 'transfer-encoding': encoding, 'content-length': length } = request.headers;
  return encoding !== undefined || (length !== undefined && Number(length) > 0);
}

const continued = new WeakSet<IncomingMessage>();

/** True for a client that holds its body back until it is told to go on (`Expect: 100-continue`): it can be refused for free. */
function awaitsContinue(request: IncomingMessage): boolean {
  if (!/^100-continue$/i.test(request.headers.expect ?? '') || continued.has(request)) return false;
  continued.add(request);
  return true;
}

/** How long a refused client may go on sending before the connection is cut. */
const lingerSeconds = 10;

/**
 * Ends an answer that came before the request's body did. Closing at once would reset the connection, and a client that is
 * still sending would not see the answer (RFC 9112, section 9.6): so what still comes is thrown away for a while. The answer's
 * head and body must have been written, with `Connection: close`.
 */
export function endUnread(request: IncomingMessage, response: ServerResponse): void {
  const enough = setTimeout(finish, lingerSeconds * 1000);
  function finish(): void {
    clearTimeout(enough);
    response.end();
  }
  request
    .on('error', () => undefined)
    .once('end', finish)
    .once('close', finish)
    .resume();
}

/** Whether the client may still be sending, so that an answer must be ended by {@link endUnread}. */
export function isUnread(request: IncomingMessage): boolean {
  const heldBack = /^100-continue$/i.test(request.headers.expect ?? '') && !continued.has(request);
  return hasBody(request) && !request.complete && !heldBack;
}
