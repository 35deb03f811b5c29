import { createReadStream } from 'node:fs';
import { v7 as newId } from 'uuid';
import type { Conversion } from '../../shared/api.ts';
import { AppError, isAppError } from '../../shared/errors.ts';
import type { LocalChannel, LocalSubmission } from '../../shared/local-channel.ts';
import { createNewest } from '../../shared/newest-revisions.ts';
import { sayShared } from '../../shared/words/say.ts';
import type { Backend, ResumableSubmission } from './backend.ts';

/** Keeps reads few for a large MP3, and memory low for many at once. */
const chunkBytes = 256 * 1024;

/** The backend of this computer, over its private channel. `close` stops that backend if this client started it. */
export function createLocalBackend(channel: LocalChannel, close: () => Promise<void> = async () => {}): Backend {
  async function submitAgain(
    submission: Omit<LocalSubmission, 'id'>,
    { id, onBegun }: ResumableSubmission,
  ): Promise<Conversion> {
    if (id !== undefined) {
      try {
        return await channel.submit({ ...submission, id });
      } catch (error) {
        // The conversion was removed in the meantime.
        if (!isAppError(error, 'not_found')) throw error;
      }
    }
    const fresh = newId();
    await onBegun(fresh);
    return await channel.submit({ ...submission, id: fresh });
  }

  return {
    // `get`, `cancel` and all others that both have.
    ...channel,

    async submit({ file: { path, fileName }, options, batch, resumable }, signal) {
      signal.throwIfAborted();
      const submission = { path, fileName, options, ...batch };
      if (resumable !== undefined) return await submitAgain(submission, resumable);
      const conversion = await channel.submit({ ...submission, id: newId() });
      if (signal.aborted) {
        await channel.remove(conversion.id);
        signal.throwIfAborted();
      }
      return conversion;
    },

    follow(listener) {
      const newest = createNewest();
      return channel.subscribe((event) => {
        if (newest.hear(event)) listener(event);
      });
    },

    async openResult(id, signal) {
      signal.throwIfAborted();
      const { path, bytes, sha256 } = await channel.result(id);
      return { bytes, sha256, path, chunks: readChunks(path, signal) };
    },

    close,
  };
}

async function* readChunks(path: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  try {
    yield* createReadStream(path, { highWaterMark: chunkBytes, signal });
  } catch (error) {
    signal.throwIfAborted();
    throw new AppError('gone', sayShared('failMp3Gone'), { cause: error });
  }
}
