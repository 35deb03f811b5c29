import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AppError } from '../../../shared/errors.ts';
import type { LocalBlobFile } from '../../ports/blob-store.ts';
import { withSystemErrors } from '../system-error.ts';

export interface LocalCopies {
  /** Writes the `bytes` bytes of a source into a file. Throws `disk_full` with `neededBytes` if there is no room for them. */
  make(bytes: number, open: () => Readable): Promise<LocalBlobFile>;
}

/** Copies of blobs in `folder`. One is made only if `roomBytes` has room for it besides what the others still have to write. */
export function createLocalCopies(folder: string, roomBytes: () => Promise<number>): LocalCopies {
  let unwrittenBytes = 0;

  async function write(path: string, bytes: number, open: () => Readable): Promise<void> {
    let leftBytes = bytes;
    unwrittenBytes += leftBytes;
    const neededBytes = unwrittenBytes;
    function wrote(count: number): void {
      leftBytes -= count;
      unwrittenBytes -= count;
    }
    async function* counted(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
      for await (const chunk of source) {
        yield chunk;
        wrote(chunk.byteLength);
      }
    }
    try {
      if (neededBytes > (await roomBytes())) {
        throw new AppError('disk_full', 'There is no space left for a copy of this.', {
          details: { neededBytes: bytes },
        });
      }
      await pipeline(open(), counted, createWriteStream(path, { flags: 'wx', mode: 0o600 }));
    } finally {
      wrote(leftBytes);
    }
  }

  return {
    async make(bytes, open) {
      const path = join(folder, `blob-${randomUUID()}`);
      const remove = (): Promise<void> => withSystemErrors(() => rm(path, { force: true }));
      try {
        await withSystemErrors(() => write(path, bytes, open));
      } catch (error) {
        // The caller must get the original error.
        await remove().catch(() => undefined);
        throw error;
      }
      return { path, [Symbol.asyncDispose]: remove };
    },
  };
}
