import { constants, createReadStream } from 'node:fs';
import { chmod, mkdir, open, opendir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { ByteRange } from '../../../shared/byte-range.ts';
import { AppError } from '../../../shared/errors.ts';
import type { BlobInfo, BlobStore } from '../../ports/blob-store.ts';
import { type BlobClaim, createBlobClaims } from './blob-claims.ts';
import { type BlobPaths, blobPaths, checkBlobId, noSuchBlob, parseBlobFileName } from './blob-file-names.ts';
import { copyBlob, fileSize, removeBlobFiles, settleBlobFolder } from './blob-files.ts';
import { syncFile, syncFolder, syncOrCutBack, truncateFile } from './durable-file.ts';
import { createFileRangeStream } from './file-range-stream.ts';
import { writeGathering } from './gathering-writer.ts';
import { interruptible } from './interruptible.ts';
import { isSystemError, translateSystemError, withSystemErrors } from './system-error.ts';

/**
 * Blobs as files in `folder`, which is made where it is missing: `ID` when finished, `ID.part` while it grows. The folder is
 * this store's alone, in one process at a time. So fences are kept in memory: no writer outlives the process. Labels are not kept: the rows
 * hold the same. Where the file system ignores case, so do the ids. Throws as every method does.
 */
export async function openFileBlobStore(folder: string): Promise<BlobStore> {
  const root = path.resolve(folder);
  const finishing = new Map<string, { readonly fence: number; readonly finished: Promise<BlobInfo> }>();
  const claims = createBlobClaims({
    copy: (id, from, to, durableBytes) => copyBlob(blobPaths(root, id, from), blobPaths(root, id, to), durableBytes),
    remove: (id, generation) => removeBlobFiles(blobPaths(root, id, generation)),
  });

  await withSystemErrors(async () => {
    await mkdir(root, { recursive: true, mode: 0o700 });
    await settleBlobFolder(root);
  });

  const pathsOf = (id: string): BlobPaths => blobPaths(root, id, claims.generation(id));

  /** The file's size, undefined when it is not there. Throws when the folder is not there: else all blobs would seem lost. */
  async function sizeOf(file: string): Promise<number | undefined> {
    const bytes = await fileSize(file);
    if (bytes === undefined) await stat(root);
    return bytes;
  }

  /** What lies on the disk. */
  async function find(id: string, { finished, growing }: BlobPaths): Promise<BlobInfo | undefined> {
    const growingBytes = await sizeOf(growing);
    // In this order: what is finished between the two is seen as finished, and not as gone.
    const finishedBytes = await sizeOf(finished);
    if (finishedBytes !== undefined) return { id, bytes: finishedBytes, finished: true };
    return growingBytes === undefined ? undefined : { id, bytes: growingBytes, finished: false };
  }

  /** The same, as far as it is durable. */
  async function findDurable(id: string): Promise<BlobInfo | undefined> {
    const found = await find(id, pathsOf(id));
    const bytes = claims.durableBytes(id);
    return found === undefined || found.finished || bytes === undefined ? found : { ...found, bytes };
  }

  /** Looks for a blob that is to be changed, and refuses a finished one. */
  async function findGrowing(id: string, paths: BlobPaths): Promise<BlobInfo | undefined> {
    const found = await find(id, paths);
    if (found?.finished) throw new AppError('wrong_state', 'This is finished and cannot change.');
    return found;
  }

  async function write(
    growing: string,
    offset: number,
    source: AsyncIterable<Uint8Array>,
    claim: BlobClaim,
    signal: AbortSignal | undefined,
  ): Promise<number> {
    const stop = signal === undefined ? claim.signal : AbortSignal.any([signal, claim.signal]);
    const file = await open(growing, offset === 0 ? constants.O_CREAT | constants.O_WRONLY : constants.O_WRONLY, 0o600);
    try {
      if (offset === 0) await syncFolder(root);
      let size: number;
      try {
        size = await writeGathering(file, interruptible(source, stop), offset);
      } catch (error) {
        // What has arrived is kept, so that an upload goes on from there, but not against a later writer, which goes on from where it
        // saw the end. The caller must hear of what broke it off.
        const ended = claim.signal.aborted ? file.truncate(offset) : syncOrCutBack(file, offset);
        await ended.catch(() => undefined);
        throw error;
      }
      await syncOrCutBack(file, offset);
      return size;
    } finally {
      await file.close();
    }
  }

  async function makeFinished(id: string, paths: BlobPaths): Promise<BlobInfo> {
    const found = await find(id, paths);
    if (found === undefined) throw noSuchBlob();
    if (!found.finished) {
      await syncFile(paths.growing);
      await rename(paths.growing, paths.finished);
    }
    await syncFolder(root);
    return { ...found, finished: true };
  }

  /** Makes `file` the growing blob: by its name alone where both lie on one file system. */
  async function moveIn(file: string, growing: string, claim: BlobClaim, signal?: AbortSignal): Promise<void> {
    await chmod(file, 0o600);
    await syncFile(file);
    try {
      await rename(file, growing);
    } catch (error) {
      if (!isSystemError(error, 'EXDEV')) throw error;
      await rm(growing, { force: true });
      await write(growing, 0, createReadStream(file), claim, signal);
      await rm(file, { force: true });
    }
  }

  return {
    append(id, fence, offset, source, _label, signal) {
      return withSystemErrors(async () => {
        checkBlobId(id);
        signal?.throwIfAborted();
        return await claims.change(id, fence, async (claim) => {
          const paths = blobPaths(root, id, claim.generation);
          const found = await findGrowing(id, paths);
          if (offset !== (found?.bytes ?? 0)) throw new AppError('wrong_state', 'This does not go on where it ended.');
          claim.limitTo(offset);
          return await write(paths.growing, offset, source, claim, signal);
        });
      });
    },

    truncate(id, fence, bytes) {
      return withSystemErrors(async () => {
        checkBlobId(id);
        await claims.change(id, fence, async (claim) => {
          const paths = blobPaths(root, id, claim.generation);
          const found = await findGrowing(id, paths);
          if (found === undefined) throw noSuchBlob();
          if (!Number.isSafeInteger(bytes) || bytes < 0 || bytes > found.bytes) {
            throw new AppError('wrong_state', 'It is not that long.');
          }
          claim.limitTo(bytes);
          await truncateFile(paths.growing, bytes);
        });
      });
    },

    finish(id, fence) {
      return withSystemErrors(async () => {
        checkBlobId(id);
        const begun = finishing.get(id);
        if (begun?.fence === fence) return await begun.finished;
        const finished = claims.change(id, fence, ({ generation }) =>
          makeFinished(id, blobPaths(root, id, generation)),
        );
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
            await rm(growing, { force: true });
            throw error;
          }
          await syncFolder(root);
          return { id, bytes, finished: true };
        });
      });
    },

    open(id, range, signal) {
      return withSystemErrors(async () => {
        const { finished } = pathsOf(id);
        signal?.throwIfAborted();
        if ((await sizeOf(finished)) === undefined) throw noSuchBlob();
        const file = await open(finished, 'r');
        try {
          const { start, end } = rangeWithin((await file.stat()).size, range);
          signal?.throwIfAborted();
          return createFileRangeStream(file, start, end, signal);
        } catch (error) {
          await file.close();
          throw error;
        }
      });
    },

    localFile(id, signal) {
      return withSystemErrors(async () => {
        const { finished } = pathsOf(id);
        signal?.throwIfAborted();
        if ((await sizeOf(finished)) === undefined) throw noSuchBlob();
        return { path: finished, [Symbol.asyncDispose]: () => Promise.resolve() };
      });
    },

    stat: (id) => withSystemErrors(() => findDurable(id)),

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

    async *list() {
      try {
        for await (const entry of await opendir(root)) {
          const name = parseBlobFileName(entry.name);
          if (name === undefined || name.kind === 'moving' || name.generation !== claims.generation(name.id)) continue;
          const found = await findDurable(name.id);
          if (found !== undefined) yield found;
        }
      } catch (error) {
        throw translateSystemError(error);
      }
    },
  };
}

function rangeWithin(size: number, range: ByteRange | undefined): ByteRange {
  const { start, end } = range ?? { start: 0, end: size };
  if (Number.isSafeInteger(start) && Number.isSafeInteger(end) && 0 <= start && start <= end && end <= size) {
    return { start, end };
  }
  throw new AppError('range_not_satisfiable', 'There is no such part of it.');
}
