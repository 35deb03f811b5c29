import { createReadStream } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { isAppError } from '../../../shared/errors.ts';
import type { BlobInfo, BlobLabel, BlobStore } from '../../ports/blob-store.ts';
import { translateSystemError, withSystemErrors } from '../system-error.ts';

/** `BlobStore.adopt` of a store that copies the file. */
export async function adoptFile(
  store: Pick<BlobStore, 'append' | 'finish' | 'remove'>,
  id: string,
  fence: number,
  file: string,
  label: BlobLabel,
  signal?: AbortSignal,
): Promise<BlobInfo> {
  signal?.throwIfAborted();
  await withSystemErrors(() => stat(file));
  await store.remove(id, fence);
  try {
    await store.append(id, fence, 0, readFile(file), label, { signal });
    const info = await store.finish(id, fence);
    // The blob is stored, so a file that cannot be removed is not this caller's concern.
    await rm(file, { force: true }).catch(() => undefined);
    return info;
  } catch (error) {
    // What another writer has taken over is not ours to remove. If this fails, the sweeper removes what is there.
    if (!isAppError(error, 'wrong_state')) await store.remove(id, fence).catch(() => undefined);
    throw error;
  }
}

async function* readFile(file: string): AsyncGenerator<Uint8Array> {
  try {
    yield* createReadStream(file, { highWaterMark: 1024 * 1024 });
  } catch (error) {
    throw translateSystemError(error);
  }
}
