import { Readable } from 'node:stream';
import type { Result } from '../../shared/api.ts';
import { AppError, isAppError } from '../../shared/errors.ts';
import { sayShared } from '../../shared/words/say.ts';
import { conversionPath } from './conversion-paths.ts';
import { isPassing, pauseAfter, pauseFor } from './keep-trying.ts';
import { unreachable } from './server-http.ts';
import type { ServerSession } from './server-session.ts';

/** A download that receives nothing for this long is treated as broken. */
const silentSeconds = 60;

/** Downloads an MP3. Resumes if the connection breaks. Throws `gone`, `not_found`, `unavailable`, or the signal's reason. */
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
      if (received < bytes) throw new Error('the server ended the answer too early');
    } catch (error) {
      signal.throwIfAborted();
      failures = received > before ? 0 : failures + 1;
      const pause = pauseAfter(error, failures);
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
    if (start > 0 && !isRest) throw new AppError('gone', sayShared('failMp3Changed'));
    return bytesOf(answer.data);
  }
}

/** The chunks of a Node stream. Destroys the stream when the loop ends. Throws if no chunk comes for `silentSeconds`. */
async function* bytesOf(stream: unknown): AsyncGenerator<Uint8Array> {
  if (!(stream instanceof Readable)) throw new Error('the answer has no body');
  try {
    const pieces = stream.iterator({ destroyOnReturn: false });
    for (;;) {
      const { done = false, value } = await inTime(pieces.next());
      if (done) return;
      if (value instanceof Uint8Array) yield value;
    }
  } finally {
    // The iterator is not used for this: it would wait for the missing chunk.
    stream.destroy();
  }
}

async function inTime<Piece>(next: Promise<Piece>): Promise<Piece> {
  const silence = Promise.withResolvers<never>();
  const timer = setTimeout(() => silence.reject(new Error('no data came for too long')), silentSeconds * 1000);
  try {
    return await Promise.race([next, silence.promise]);
  } finally {
    clearTimeout(timer);
  }
}
