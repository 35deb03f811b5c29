import { constants } from 'node:fs';
import { access, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { AppError } from '../../../shared/errors.ts';
import type { BlobStore } from '../../ports/blob-store.ts';
import type { ReportSkipped } from '../../ports/skipped-item.ts';
import { withSystemErrors } from '../system-error.ts';
import { createBlobClaims } from './blob-claims.ts';
import { blobPaths } from './blob-file-names.ts';
import { copyBlob, removeBlobFiles, settleBlobFolder } from './blob-files.ts';
import { createBlobReading } from './file-blob-reading.ts';
import { createBlobWriting } from './file-blob-writing.ts';
import { shareUploadSpace, type UploadSpace } from './volume-space.ts';

export interface FileBlobStoreOptions {
  /** What the blobs share with others on the same volume. */
  readonly space?: UploadSpace;
  /** Called for each file that cannot be read or put in order. The others are. */
  readonly onSkipped?: ReportSkipped;
}

/**
 * Blobs as files in `folder`, which is made if it is missing: `ID` when finished, `ID.part` while it grows. Only this store may
 * use the folder, and only in one process at a time. So fences are kept in memory: no writer outlives the process. Labels are not
 * stored, because the rows have the same data. If the file system ignores case, ids that differ only in case name the same blob.
 * Throws as every method does.
 */
export async function openFileBlobStore(
  folder: string,
  { space = shareUploadSpace(folder, 0), onSkipped = () => undefined }: FileBlobStoreOptions = {},
): Promise<BlobStore> {
  const root = path.resolve(folder);
  await withSystemErrors(async () => {
    await mkdir(root, { recursive: true, mode: 0o700 });
    await settleBlobFolder(root, onSkipped);
  });
  const claims = createBlobClaims({
    copy: (id, from, to, durableBytes) => copyBlob(blobPaths(root, id, from), blobPaths(root, id, to), durableBytes),
    remove: (id, generation) => removeBlobFiles(blobPaths(root, id, generation)),
  });
  return {
    ...createBlobReading(root, claims, onSkipped),
    ...createBlobWriting(root, claims, space),
    async room() {
      await refuseUnwritable(root);
      return await space.room();
    },
  };
}

/** Throws `unavailable` if nothing can be stored in the folder, however much space there is. */
async function refuseUnwritable(folder: string): Promise<void> {
  try {
    await access(folder, constants.W_OK);
  } catch (cause) {
    throw new AppError(
      'unavailable',
      'Nothing can be stored: the disk is read-only, or its folder may not be written.',
      {
        cause,
      },
    );
  }
}
