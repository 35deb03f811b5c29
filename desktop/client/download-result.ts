import { Readable } from 'node:stream';
import type { Result } from '../../shared/api.ts';
import { AppError, isAppError } from '../../shared/errors.ts';
import { conversionPath } from './conversion-paths.ts';
import { isPassing, pauseFor, pausesSeconds } from './keep-trying.ts';
import { unreachable } from './server-http.ts';
import type { ServerSession } from './server-session.ts';

/** A server from which nothing comes for so long has been lost on the way. */
const silentSeconds = 60;

/** The MP3's bytes; where the connection breaks, it goes on from there. Throws `gone`, `not_found`, `unavailable`, and the signal's reason. */
export async function* downloadResult(
  session: ServerSession,
  id: string,
  { bytes, sha256 }: Pick<Result, 'bytes' | 'sha256'>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  let received = 0;
  let failures = 0;
  while (received < bytes) {
    const before = received;
    try {
      for await (const chunk of await openFrom(received)) {
        received += chunk.byteLength;
        yield chunk;
      }
      if (received < bytes) throw new Error('the server ended before the end');
    } catch (error) {
      signal.throwIfAborted();
      failures = received > before ? 0 : failures + 1;
      const pause = pausesSeconds[failures];
      if (pause === undefined || !isPassing(error)) {
        throw isAppError(error) ? error : unreachable(session.http.host, error);
      }
      await pauseFor(pause, signal);
    }
  }

  async function openFrom(start: number): Promise<AsyncIterable<Uint8Array>> {
    const headers = start === 0 ? {} : { Range: `bytes=${start}-`, 'If-Range': `"${sha256}"` };
    const answer = await session.ask({
      method: 'GET',
      path: conversionPath(id, '/file'),
      headers,
      stream: true,
      signal,
    });
    const range = answer.headers['content-range'];
    const isRest = typeof range === 'string' && range.startsWith(`bytes ${start}-`);
    if (start > 0 && !isRest) throw new AppError('gone', 'The MP3 on the server is another one now.');
    return bytesOf(answer.data);
  }
}

/** The pieces of a stream of Node's, which ends with the loop over them. Throws when they stay out for too long. */
async function* bytesOf(stream: unknown): AsyncGenerator<Uint8Array> {
  if (!(stream instanceof Readable)) throw new Error('there is no body');
  try {
    const pieces = stream.iterator({ destroyOnReturn: false });
    for (;;) {
      const { done = false, value } = await inTime(pieces.next());
      if (done) return;
      if (value instanceof Uint8Array) yield value;
    }
  } finally {
    // Not by the iterator: it would wait for the piece that stays out.
    stream.destroy();
  }
}

async function inTime<Piece>(next: Promise<Piece>): Promise<Piece> {
  const silence = Promise.withResolvers<never>();
  const timer = setTimeout(() => silence.reject(new Error('nothing came for too long')), silentSeconds * 1000);
  try {
    return await Promise.race([next, silence.promise]);
  } finally {
    clearTimeout(timer);
  }
}
