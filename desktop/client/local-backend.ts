import { createReadStream } from 'node:fs';
import { AppError } from '../../shared/errors.ts';
import type { LocalChannel } from '../../shared/local-channel.ts';
import type { Backend } from './backend.ts';

/** Few reads for a large MP3, little memory for many at once. */
const chunkBytes = 256 * 1024;

/** The backend of this computer, over its private channel. `close` is what ends the channel's other side, where this client began it. */
export function createLocalBackend(channel: LocalChannel, close: () => Promise<void> = async () => {}): Backend {
  return {
    async submit({ file: { path, fileName }, options, batch }, signal) {
      signal.throwIfAborted();
      const conversion = await channel.submit({ path, fileName, options, ...batch });
      if (signal.aborted) {
        await channel.remove(conversion.id);
        signal.throwIfAborted();
      }
      return conversion;
    },

    follow: (listener) => channel.subscribe(listener),
    get: (id) => channel.get(id),

    async openResult(id, signal) {
      signal.throwIfAborted();
      const { path, bytes, sha256 } = await channel.result(id);
      return { bytes, sha256, chunks: readChunks(path, signal) };
    },

    cancel: (id) => channel.cancel(id),
    retry: (id, options) => channel.retry(id, options),
    remove: (id) => channel.remove(id),
    close,
  };
}

async function* readChunks(path: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  try {
    yield* createReadStream(path, { highWaterMark: chunkBytes, signal });
  } catch (error) {
    signal.throwIfAborted();
    throw new AppError('gone', 'The MP3 is not where it was kept any more.', { cause: error });
  }
}
