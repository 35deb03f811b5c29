import { constants } from 'node:fs';
import { mkdir, open, opendir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { ByteRange } from '../../../shared/byte-range.ts';
import { AppError } from '../../../shared/errors.ts';
import type { BlobInfo, BlobStore } from '../../ports/blob-store.ts';
import { syncFile, syncFolder, syncOrCutBack, truncateFile } from './durable-file.ts';
import { createFileRangeStream } from './file-range-stream.ts';
import { writeGathering } from './gathering-writer.ts';
import { interruptible } from './interruptible.ts';
import { isSystemError, translateSystemError, withSystemErrors } from './system-error.ts';

const growingSuffix = '.part';
const idPattern = /^[A-Za-z0-9_-]{1,200}$/;

/** An append that is under way. */
interface Writer {
  /** What was there, durably, before it; undefined until that is known. */
  durableBytes: number | undefined;
  readonly controller: AbortController;
  /** Resolves when it has let go of the file. */
  readonly settled: Promise<void>;
}

/**
 * Blobs as files in `folder`, which is made where it is missing: `ID` when finished, `ID.part` while it grows. The folder is
 * this store's alone, in one process at a time. Labels are not kept: the rows tell the same. Where the file system ignores case,
 * so do the ids. Throws as every method does.
 */
export async function openFileBlobStore(folder: string): Promise<BlobStore> {
  const root = path.resolve(folder);
  const writers = new Map<string, Writer>();
  const finishing = new Map<string, Promise<BlobInfo>>();

  await withSystemErrors(async () => {
    await mkdir(root, { recursive: true, mode: 0o700 });
    await syncLeftovers(root);
  });

  /** The file's size, undefined when it is not there. A folder that is not there is another matter: all would seem lost. */
  async function sizeOf(file: string): Promise<number | undefined> {
    try {
      return (await stat(file)).size;
    } catch (error) {
      if (!isSystemError(error, 'ENOENT')) throw error;
      await stat(root);
      return undefined;
    }
  }

  /** What lies on the disk. */
  async function find(id: string): Promise<BlobInfo | undefined> {
    const { finished, growing } = pathsIn(root, id);
    const growingBytes = await sizeOf(growing);
    // In this order: what is finished between the two is seen as finished, and not as gone.
    const finishedBytes = await sizeOf(finished);
    if (finishedBytes !== undefined) return { id, bytes: finishedBytes, finished: true };
    return growingBytes === undefined ? undefined : { id, bytes: growingBytes, finished: false };
  }

  /** The same, as far as it is durable. */
  async function findDurable(id: string): Promise<BlobInfo | undefined> {
    const found = await find(id);
    const durableBytes = writers.get(id)?.durableBytes;
    return found === undefined || durableBytes === undefined ? found : { ...found, bytes: durableBytes };
  }

  async function write(
    id: string,
    offset: number,
    source: AsyncIterable<Uint8Array>,
    signal: AbortSignal,
  ): Promise<number> {
    const { growing } = pathsIn(root, id);
    const file = await open(growing, offset === 0 ? constants.O_CREAT | constants.O_WRONLY : constants.O_WRONLY, 0o600);
    try {
      if (offset === 0) await syncFolder(root);
      let size: number;
      try {
        size = await writeGathering(file, interruptible(source, signal), offset);
      } catch (error) {
        // What has arrived is kept, so that an upload goes on from there. What broke it off is what the caller must hear of.
        await syncOrCutBack(file, offset).catch(() => undefined);
        throw error;
      }
      await syncOrCutBack(file, offset);
      return size;
    } finally {
      await file.close();
    }
  }

  async function makeFinished(id: string): Promise<BlobInfo> {
    const found = await find(id);
    if (found === undefined) throw notFound();
    const { finished, growing } = pathsIn(root, id);
    if (!found.finished) {
      await syncFile(growing);
      await rename(growing, finished);
    }
    await syncFolder(root);
    return { ...found, finished: true };
  }

  /** Does `work` as the one writer of a blob, which must not be finished. */
  async function asWriter<Result>(
    id: string,
    work: (found: BlobInfo | undefined, writer: Writer) => Promise<Result>,
  ): Promise<Result> {
    // Claimed before anything is awaited, so that of two that begin at once one is refused.
    if (writers.has(id) || finishing.has(id)) throw new AppError('wrong_state', 'Something else is writing this.');
    const { promise: settled, resolve: settle } = Promise.withResolvers<void>();
    const writer: Writer = { durableBytes: undefined, controller: new AbortController(), settled };
    writers.set(id, writer);
    try {
      const found = await find(id);
      if (found?.finished) throw new AppError('wrong_state', 'This is finished and cannot change.');
      return await work(found, writer);
    } finally {
      writers.delete(id);
      settle();
    }
  }

  return {
    append(id, offset, source, _label, signal) {
      return withSystemErrors(async () => {
        pathsIn(root, id);
        signal?.throwIfAborted();
        return await asWriter(id, async (found, writer) => {
          if (offset !== (found?.bytes ?? 0)) throw new AppError('wrong_state', 'This does not go on where it ended.');
          writer.durableBytes = offset;
          const removed = writer.controller.signal;
          return await write(id, offset, source, signal === undefined ? removed : AbortSignal.any([signal, removed]));
        });
      });
    },

    truncate(id, bytes) {
      return withSystemErrors(async () => {
        const { growing } = pathsIn(root, id);
        await asWriter(id, async (found) => {
          if (found === undefined) throw notFound();
          if (!Number.isSafeInteger(bytes) || bytes < 0 || bytes > found.bytes) {
            throw new AppError('wrong_state', 'It is not that long.');
          }
          await truncateFile(growing, bytes);
        });
      });
    },

    finish(id) {
      return withSystemErrors(async () => {
        pathsIn(root, id);
        if (writers.has(id)) throw new AppError('wrong_state', 'Something is still writing this.');
        const begun = finishing.get(id) ?? makeFinished(id).finally(() => finishing.delete(id));
        finishing.set(id, begun);
        return await begun;
      });
    },

    open(id, range, signal) {
      return withSystemErrors(async () => {
        const { finished } = pathsIn(root, id);
        signal?.throwIfAborted();
        if ((await sizeOf(finished)) === undefined) throw notFound();
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
        const { finished } = pathsIn(root, id);
        signal?.throwIfAborted();
        if ((await sizeOf(finished)) === undefined) throw notFound();
        return { path: finished, [Symbol.asyncDispose]: () => Promise.resolve() };
      });
    },

    stat: (id) => withSystemErrors(() => findDurable(id)),

    remove(id) {
      return withSystemErrors(async () => {
        const { finished, growing } = pathsIn(root, id);
        const writer = writers.get(id);
        writer?.controller.abort(new AppError('not_found', 'This was removed while it was written.'));
        await writer?.settled;
        // Whether that went well is told to its own caller.
        await finishing.get(id)?.catch(() => undefined);
        await rm(growing, { force: true });
        await rm(finished, { force: true });
        await syncFolder(root);
      });
    },

    async *list() {
      try {
        for await (const entry of await opendir(root)) {
          const id = idOf(entry.name);
          const found = id === undefined ? undefined : await findDurable(id);
          if (found !== undefined) yield found;
        }
      } catch (error) {
        throw translateSystemError(error);
      }
    },
  };
}

/** The one place where an id becomes a path. Throws `not_found` for an id that could lead out of the folder. */
function pathsIn(root: string, id: string): { readonly finished: string; readonly growing: string } {
  if (!idPattern.test(id)) throw notFound();
  const finished = path.join(root, id);
  return { finished, growing: finished + growingSuffix };
}

/** The id of a file of ours; undefined for what others have put there, like the folder's looks. */
function idOf(fileName: string): string | undefined {
  const id = fileName.endsWith(growingSuffix) ? fileName.slice(0, -growingSuffix.length) : fileName;
  return idPattern.test(id) ? id : undefined;
}

function rangeWithin(size: number, range: ByteRange | undefined): ByteRange {
  const { start, end } = range ?? { start: 0, end: size };
  if (Number.isSafeInteger(start) && Number.isSafeInteger(end) && 0 <= start && start <= end && end <= size) {
    return { start, end };
  }
  throw new AppError('range_not_satisfiable', 'There is no such part of it.');
}

/**
 * A process that was killed leaves bytes of unfinished blobs that nobody has made durable. They count from now on, so they are
 * made so.
 */
async function syncLeftovers(root: string): Promise<void> {
  for await (const entry of await opendir(root)) {
    if (entry.isFile() && entry.name.endsWith(growingSuffix)) await syncFile(path.join(root, entry.name));
  }
  await syncFolder(root);
}

function notFound(): AppError {
  return new AppError('not_found', 'There is no such file.');
}
