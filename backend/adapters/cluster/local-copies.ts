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
  /** Writes the `bytes` bytes of a source into a file. Throws `disk_full` with `neededBytes` if they do not fit the budget. */
  make(bytes: number, open: () => Readable): Promise<LocalBlobFile>;
}

/** Copies of blobs in `folder`, which together never hold more than `budgetBytes`. */
export function createLocalCopies(folder: string, budgetBytes: number): LocalCopies {
  let usedBytes = 0;
  return {
    async make(bytes, open) {
      if (usedBytes + bytes > budgetBytes) {
        throw new AppError('disk_full', 'There is no space left for a copy of this.', {
          details: { neededBytes: bytes },
        });
      }
      usedBytes += bytes;
      const path = join(folder, `blob-${randomUUID()}`);
      let isThere = true;
      async function remove(): Promise<void> {
        if (!isThere) return;
        isThere = false;
        // If it cannot be removed, its bytes stay taken.
        await withSystemErrors(() => rm(path, { force: true }));
        usedBytes -= bytes;
      }
      try {
        await withSystemErrors(() => pipeline(open(), createWriteStream(path, { flags: 'wx', mode: 0o600 })));
      } catch (error) {
        // The caller must get the original error.
        await remove().catch(() => undefined);
        throw error;
      }
      return { path, [Symbol.asyncDispose]: remove };
    },
  };
}
