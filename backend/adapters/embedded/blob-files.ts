import { constants } from 'node:fs';
import { copyFile, opendir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { AppError } from '../../../shared/errors.ts';
import { syncFolder } from '../../../shared/sync-folder.ts';
import type { BlobInfo } from '../../ports/blob-store.ts';
import type { ReportSkipped } from '../../ports/skipped-item.ts';
import { isSystemError, storageAway } from '../system-error.ts';
import { type BlobFileName, type BlobPaths, blobPaths, parseBlobFileName } from './blob-file-names.ts';
import { syncFile, truncateFile } from './durable-file.ts';

/** The size in bytes; undefined if there is no such file. Throws for a named pipe, which nothing here may wait for. */
async function fileSize(file: string): Promise<number | undefined> {
  try {
    const found = await stat(file);
    if (found.isFIFO()) throw notAFile();
    return found.size;
  } catch (error) {
    if (!isSystemError(error, 'ENOENT')) throw error;
    return undefined;
  }
}

/** For something else in the place of a blob's file. */
export function notAFile(): AppError {
  return storageAway(new Error('a blob is not a file'));
}

/** The same for a file in `folder`. Throws if the folder is missing. Otherwise every file in it would seem to be lost. */
export async function sizeIn(folder: string, file: string): Promise<number | undefined> {
  const bytes = await fileSize(file);
  if (bytes === undefined) await stat(folder);
  return bytes;
}

/** The state of a blob on the disk. */
export async function findBlob(root: string, id: string, generation: number): Promise<BlobInfo | undefined> {
  const { growing, finished } = blobPaths(root, id, generation);
  const growingBytes = await sizeIn(root, growing);
  // In this order: a blob that is finished between the two calls is seen as finished, and not as missing.
  const finishedBytes = await sizeIn(root, finished);
  if (finishedBytes !== undefined) return { id, bytes: finishedBytes, finished: true };
  return growingBytes === undefined ? undefined : { id, bytes: growingBytes, finished: false };
}

/** Removes those of a blob's files that exist. If one cannot be removed, removes the others before it throws. */
export async function removeBlobFiles({ moving, growing, finished }: BlobPaths): Promise<void> {
  const errors: unknown[] = [];
  for (const file of [moving, growing, finished]) {
    await rm(file, { force: true }).catch((error: unknown) => errors.push(error));
  }
  if (errors.length > 0) throw errors[0];
}

/**
 * Copies a blob, or the first `durableBytes` of one that grows, into new files. The bytes are not written again if the file
 * system can share them. The copy is complete and durable when this resolves. Does nothing if there is no blob.
 */
export async function copyBlob(from: BlobPaths, to: BlobPaths, durableBytes: number | undefined): Promise<void> {
  const finished = (await fileSize(from.finished)) !== undefined;
  try {
    await copyFile(finished ? from.finished : from.growing, to.moving, constants.COPYFILE_FICLONE);
  } catch (error) {
    if (!isSystemError(error, 'ENOENT')) throw error;
    return;
  }
  const bytes = (await fileSize(to.moving)) ?? 0;
  if (!finished && durableBytes !== undefined && durableBytes < bytes) await truncateFile(to.moving, durableBytes);
  else await syncFile(to.moving);
  await rename(to.moving, finished ? to.finished : to.growing);
  await syncFolder(path.dirname(to.moving));
}

/**
 * Cleans up a folder that no process uses. Only the latest generation of each blob counts, and it is renamed to the plain names.
 * Bytes of unfinished blobs that a killed process had not made durable count from now on, so they are made durable here.
 */
export async function settleBlobFolder(root: string, onSkipped: ReportSkipped): Promise<void> {
  const latest = new Map<string, BlobFileName>();
  async function settle(id: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (cause) {
      onSkipped({ kind: 'blob', id, what: 'could not put a file in order', cause });
    }
  }

  for await (const entry of await opendir(root)) {
    const name = entry.isFile() ? parseBlobFileName(entry.name) : undefined;
    if (name === undefined) continue;
    const file = path.join(root, entry.name);
    if (name.kind === 'growing') await settle(entry.name, () => syncFile(file));
    if (name.kind === 'moving') await settle(entry.name, () => rm(file));
    else if (name.generation > (latest.get(name.id)?.generation ?? 0)) latest.set(name.id, name);
  }
  for (const { id, generation, kind } of latest.values()) {
    const [from, to] = [blobPaths(root, id, generation), blobPaths(root, id, 0)];
    await settle(id, async () => {
      for (let older = 0; older < generation; older += 1) await removeBlobFiles(blobPaths(root, id, older));
      await (kind === 'finished' ? rename(from.finished, to.finished) : rename(from.growing, to.growing));
    });
  }
  await syncFolder(root);
}
