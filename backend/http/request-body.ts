import type { IncomingMessage, ServerResponse } from 'node:http';
import { AppError } from '../../shared/errors.ts';

/**
 * Takes a chunk of a body. If it returns a promise, the client has to wait until that resolves. After the last chunk, the end of the
 * body waits for it.
 */
export type BodySink = (chunk: Uint8Array) => Promise<void> | undefined;

export interface ReadBodyOptions {
  /** How long a client may send nothing while we wait for it. */
  readonly idleSeconds: number;
  /** How long the whole body may take. Left out, it may take any time while it keeps coming. */
  readonly totalSeconds?: number;
  readonly signal?: AbortSignal;
}

/**
 * Passes a request's body to `sink` chunk by chunk. Resolves once the sink has taken the last one. Rejects with `request_timeout` when
 * the client stops sending, `bad_request` when it goes away, the signal's reason, or what the sink threw. It then leaves the rest
 * unread and the connection open, so that the request can still be answered.
 */
export function readBody(
  request: IncomingMessage,
  response: ServerResponse,
  sink: BodySink,
  { idleSeconds, totalSeconds, signal }: ReadBodyOptions,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let settled = false;
  /** Whether the sink's promise is pending. */
  let sinkWaits = false;
  let ended = false;
  const idle = setTimeout(() => {
    // While the client has to wait, it is not late. `take` restarts the timer after that.
    if (!sinkWaits) stop(new AppError('request_timeout', 'Nothing more came, so the request was given up.'));
  }, idleSeconds * 1000);
  const deadline =
    totalSeconds === undefined
      ? undefined
      : setTimeout(
          () => stop(new AppError('request_timeout', 'The request took too long to arrive.')),
          totalSeconds * 1000,
        );

  function take(chunk: Uint8Array): void {
    idle.refresh();
    let taken: Promise<void> | undefined;
    try {
      taken = sink(chunk);
    } catch (error) {
      stop(error);
    }
    if (taken === undefined) return;
    sinkWaits = true;
    request.pause();
    taken.then(() => {
      sinkWaits = false;
      if (settled) return;
      if (ended) return finish();
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
    clearTimeout(deadline);
    signal?.removeEventListener('abort', onAbort);
    // The body may still break off. Without a listener, that error would end the process.
    request
      .off('data', take)
      .off('end', onEnd)
      .off('close', cutOff)
      .off('error', cutOff)
      .on('error', () => undefined);
  }
  function onEnd(): void {
    ended = true;
    // A request also closes after its end, while the sink may still be waiting.
    request.off('close', cutOff);
    // Pausing the request does not hold back its end.
    if (!sinkWaits) finish();
  }
  function finish(): void {
    settle();
    resolve();
  }
  function stop(error: unknown): void {
    if (settled) return;
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

/** Whether the client waits for a `100 Continue` before it sends its body. If so, it can be refused without receiving any of it. */
function awaitsContinue(request: IncomingMessage): boolean {
  if (!/^100-continue$/i.test(request.headers.expect ?? '') || continued.has(request)) return false;
  continued.add(request);
  return true;
}

/** How long a refused client may go on sending before the connection is cut. */
const lingerSeconds = 10;

/**
 * Ends an answer that was written before the request's body had arrived. Closing at once would reset the connection, and a client that
 * is still sending would not see the answer (RFC 9112, section 9.6). So this discards what still comes, for a while, before it closes.
 * The answer's head and body must have been written, with `Connection: close`.
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

/** Whether the client may still be sending. If so, {@link endUnread} must end the answer. */
export function isUnread(request: IncomingMessage): boolean {
  const heldBack = /^100-continue$/i.test(request.headers.expect ?? '') && !continued.has(request);
  return hasBody(request) && !request.complete && !heldBack;
}
