import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { BlobStore } from '../../ports/blob-store.ts';
import { createBlobClaims } from './blob-claims.ts';
import { blobPaths } from './blob-file-names.ts';
import { copyBlob, removeBlobFiles, settleBlobFolder } from './blob-files.ts';
import { createBlobReading } from './file-blob-reading.ts';
import { createBlobWriting } from './file-blob-writing.ts';
import { withSystemErrors } from './system-error.ts';
import { shareUploadSpace, type UploadSpace } from './volume-space.ts';

/**
 * Blobs as files in `folder`, which is made if it is missing: `ID` when finished, `ID.part` while it grows. Only this store may
 * use the folder, and only in one process at a time. So fences are kept in memory: no writer outlives the process. Labels are not
 * stored, because the rows have the same data. If the file system ignores case, ids that differ only in case name the same blob.
 * Throws as every method does.
 * @param space what the blobs share with others on the same volume
 */
export async function openFileBlobStore(
  folder: string,
  space: UploadSpace = shareUploadSpace(folder, 0),
): Promise<BlobStore> {
  const root = path.resolve(folder);
  await withSystemErrors(async () => {
    await mkdir(root, { recursive: true, mode: 0o700 });
    await settleBlobFolder(root);
  });
  const claims = createBlobClaims({
    copy: (id, from, to, durableBytes) => copyBlob(blobPaths(root, id, from), blobPaths(root, id, to), durableBytes),
    remove: (id, generation) => removeBlobFiles(blobPaths(root, id, generation)),
  });
  return { ...createBlobReading(root, claims), ...createBlobWriting(root, claims, space), room: space.room };
}
