import { constants } from 'node:fs';
import { open, opendir } from 'node:fs/promises';
import { noSuchBlob, rangeWithin } from '../../ports/blob-rules.ts';
import type { BlobInfo, BlobStore } from '../../ports/blob-store.ts';
import type { ReportSkipped } from '../../ports/skipped-item.ts';
import { translateSystemError, withSystemErrors } from '../system-error.ts';
import type { BlobClaims } from './blob-claims.ts';
import { blobPaths, parseBlobFileName } from './blob-file-names.ts';
import { findBlob, notAFile, sizeIn } from './blob-files.ts';
import { createFileRangeStream } from './file-range-stream.ts';

/** Opens a named pipe without waiting for another process, which would hold a thread. Windows does not have this flag. */
const nonBlocking = constants.O_NONBLOCK ?? 0;

export function createBlobReading(
  root: string,
  claims: BlobClaims,
  onSkipped: ReportSkipped,
): Pick<BlobStore, 'open' | 'localFile' | 'stat' | 'list'> {
  /** Throws `not_found`. */
  async function finishedPath(id: string): Promise<string> {
    const { finished } = blobPaths(root, id, claims.generation(id));
    if ((await sizeIn(root, finished)) === undefined) throw noSuchBlob();
    return finished;
  }

  /** The durable part of the blob. */
  async function findDurable(id: string): Promise<BlobInfo | undefined> {
    const found = await findBlob(root, id, claims.generation(id));
    const bytes = claims.durableBytes(id);
    return found === undefined || found.finished || bytes === undefined ? found : { ...found, bytes };
  }

  return {
    open(id, range, signal) {
      return withSystemErrors(async () => {
        signal?.throwIfAborted();
        const file = await open(await finishedPath(id), constants.O_RDONLY | nonBlocking);
        try {
          const found = await file.stat();
          if (!found.isFile()) throw notAFile();
          const { start, end } = rangeWithin(found.size, range);
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
        signal?.throwIfAborted();
        return { path: await finishedPath(id), [Symbol.asyncDispose]: () => Promise.resolve() };
      });
    },

    stat: (id) => withSystemErrors(() => findDurable(id)),

    async *list() {
      try {
        for await (const entry of await opendir(root)) {
          const name = parseBlobFileName(entry.name);
          if (name === undefined || name.kind === 'moving' || name.generation !== claims.generation(name.id)) continue;
          const found = await findDurable(name.id).catch((cause: unknown) => {
            onSkipped({ kind: 'blob', id: entry.name, what: 'could not look at a file', cause });
            return undefined;
          });
          if (found !== undefined) yield found;
        }
      } catch (error) {
        throw translateSystemError(error);
      }
    },
  };
}
