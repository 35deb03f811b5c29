import { constants, createReadStream } from 'node:fs';
import { chmod, open, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { syncFolder } from '../../../shared/sync-folder.ts';
import { alreadyFinished, checkBlobId, noSuchBlob, notTheEnd, tooShort } from '../../ports/blob-rules.ts';
import type { BlobInfo, BlobStore } from '../../ports/blob-store.ts';
import { interruptible } from '../interruptible.ts';
import { isSystemError, withSystemErrors } from '../system-error.ts';
import type { BlobClaim, BlobClaims } from './blob-claims.ts';
import { blobPaths } from './blob-file-names.ts';
import { findBlob, removeBlobFiles } from './blob-files.ts';
import { cutBack, syncFile, syncOrCutBack, truncateFile } from './durable-file.ts';
import { writeGathering } from './gathering-writer.ts';
import { type SpaceUser, type UploadSpace, unlimited } from './volume-space.ts';

export function createBlobWriting(
  root: string,
  claims: BlobClaims,
  space: UploadSpace,
): Pick<BlobStore, 'append' | 'truncate' | 'finish' | 'adopt' | 'remove'> {
  const finishing = new Map<string, { readonly fence: number; readonly finished: Promise<BlobInfo> }>();

  /** Looks up a blob that is to be changed, and refuses a finished one. */
  async function findGrowing(id: string, generation: number): Promise<BlobInfo | undefined> {
    const found = await findBlob(root, id, generation);
    if (found?.finished) throw alreadyFinished();
    return found;
  }

  async function makeFinished(id: string, generation: number): Promise<BlobInfo> {
    const found = await findBlob(root, id, generation);
    if (found === undefined) throw noSuchBlob();
    const { growing, finished } = blobPaths(root, id, generation);
    if (!found.finished) {
      await syncFile(growing);
      await rename(growing, finished);
    }
    await syncFolder(root);
    return { ...found, finished: true };
  }

  return {
    append(id, fence, offset, source, _label, { signal, expectedBytes = 0 } = {}) {
      return withSystemErrors(async () => {
        checkBlobId(id);
        signal?.throwIfAborted();
        return await claims.change(id, fence, async (claim) => {
          const found = await findGrowing(id, claim.generation);
          if (offset !== (found?.bytes ?? 0)) throw notTheEnd();
          using share = await space.begin(expectedBytes);
          claim.limitTo(offset);
          const { growing } = blobPaths(root, id, claim.generation);
          return await write(growing, offset, source, claim, share, signal);
        });
      });
    },

    truncate(id, fence, bytes) {
      return withSystemErrors(async () => {
        checkBlobId(id);
        await claims.change(id, fence, async (claim) => {
          const found = await findGrowing(id, claim.generation);
          if (found === undefined) throw noSuchBlob();
          if (!Number.isSafeInteger(bytes) || bytes < 0 || bytes > found.bytes) {
            throw tooShort();
          }
          claim.limitTo(bytes);
          await truncateFile(blobPaths(root, id, claim.generation).growing, bytes);
        });
      });
    },

    finish(id, fence) {
      return withSystemErrors(async () => {
        checkBlobId(id);
        const begun = finishing.get(id);
        if (begun?.fence === fence) return await begun.finished;
        const finished = claims.change(id, fence, ({ generation }) => makeFinished(id, generation));
        const mine = { fence, finished };
        finishing.set(id, mine);
        try {
          return await finished;
        } finally {
          if (finishing.get(id) === mine) finishing.delete(id);
        }
      });
    },

    adopt(id, fence, file, _label, signal) {
      return withSystemErrors(async () => {
        checkBlobId(id);
        signal?.throwIfAborted();
        return await claims.replace(id, fence, async (claim) => {
          const { growing, finished } = blobPaths(root, id, claim.generation);
          const bytes = (await stat(file)).size;
          claim.limitTo(0);
          try {
            await moveIn(file, growing, claim, signal);
            claim.signal.throwIfAborted();
            await rename(growing, finished);
          } catch (error) {
            // If this fails too, the caller still gets the original error. The next start removes the file.
            await rm(growing, { force: true }).catch(() => undefined);
            throw error;
          }
          await syncFolder(root);
          return { id, bytes, finished: true };
        });
      });
    },

    remove(id, fence) {
      return withSystemErrors(async () => {
        checkBlobId(id);
        await claims.replace(id, fence, async ({ generation }) => {
          await removeBlobFiles(blobPaths(root, id, generation));
          await syncFolder(root);
        });
        claims.forget(id);
      });
    },
  };
}

async function write(
  growing: string,
  offset: number,
  source: AsyncIterable<Uint8Array>,
  claim: BlobClaim,
  share: SpaceUser,
  signal: AbortSignal | undefined,
): Promise<number> {
  const stop = signal === undefined ? claim.signal : AbortSignal.any([signal, claim.signal]);
  const file = await open(growing, offset === 0 ? constants.O_CREAT | constants.O_WRONLY : constants.O_WRONLY, 0o600);
  try {
    if (offset === 0) await syncFolder(path.dirname(growing));
    let size: number;
    try {
      size = await writeGathering(file, taking(interruptible(source, stop), share), offset, share.writing);
    } catch (error) {
      // Bytes that have arrived are kept, so that an upload can continue from there. But a later writer continues from the end
      // that it saw. The caller must get the original error.
      const ended = claim.signal.aborted ? cutBack(file, offset) : syncOrCutBack(file, offset);
      await ended.catch(() => undefined);
      throw error;
    }
    await syncOrCutBack(file, offset);
    return size;
  } finally {
    await file.close();
  }
}

async function* taking(source: AsyncIterable<Uint8Array>, share: SpaceUser): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) {
    const asked = share.take(chunk.byteLength);
    if (asked !== undefined) await asked;
    yield chunk;
  }
}

/** Makes `file` the growing blob, by renaming it if both are on one file system. */
async function moveIn(file: string, growing: string, claim: BlobClaim, signal: AbortSignal | undefined): Promise<void> {
  await chmod(file, 0o600);
  await syncFile(file);
  try {
    await rename(file, growing);
  } catch (error) {
    if (!isSystemError(error, 'EXDEV')) throw error;
    await rm(growing, { force: true });
    await write(growing, 0, createReadStream(file), claim, unlimited, signal);
    await rm(file, { force: true });
  }
}
