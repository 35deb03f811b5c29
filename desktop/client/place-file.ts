import { link, lstat, open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isDiskFull } from '../../shared/disk-full.ts';
import { systemErrorCode } from '../../shared/errors.ts';
import { syncFolder } from '../../shared/sync-folder.ts';

/** Errors of `link` whose cause is the target itself, so that another method would fail too. So is a full disk. */
const targetsFault = new Set(['ENOENT', 'ENOTDIR', 'EROFS', 'ENAMETOOLONG', 'EIO']);

/**
 * Gives a complete file the name `target`, in the same folder, and never replaces a file: if two callers want the same name at the
 * same time, only one gets it. False if the name is taken. The file may keep its first name as well.
 */
export async function placeBeside(file: string, target: string): Promise<boolean> {
  try {
    await patiently(() => link(file, target));
  } catch (error) {
    const code = systemErrorCode(error) ?? '';
    if (code === 'EEXIST') return false;
    if (targetsFault.has(code) || isDiskFull(error)) throw error;
    // Without hard links (FAT, many network shares), file systems return various errors.
    return await reserveAndRename(file, target);
  }
  await makeNameDurable(target);
  return true;
}

async function reserveAndRename(file: string, target: string): Promise<boolean> {
  try {
    await using _reservation = await open(target, 'wx');
  } catch (error) {
    if (systemErrorCode(error) === 'EEXIST') return false;
    throw error;
  }
  try {
    await patiently(() => rename(file, target));
  } catch (error) {
    await rm(target, { force: true });
    throw error;
  }
  await makeNameDurable(target);
  return true;
}

/** Gives a complete file the name `target`, in the same folder, and replaces a file of that name. False if `target` is a folder. */
export async function placeOver(file: string, target: string): Promise<boolean> {
  const there = await lstat(target).catch((error: unknown) => {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (there?.isDirectory()) return false;
  await patiently(() => rename(file, target));
  await makeNameDurable(target);
  return true;
}

/** Retries: Windows refuses for a moment while a virus scanner or the indexer reads the file. */
async function patiently(step: () => Promise<void>): Promise<void> {
  const waitsSeconds = process.platform === 'win32' ? [0.05, 0.1, 0.2, 0.4, 0.8] : [];
  for (const seconds of waitsSeconds) {
    try {
      return await step();
    } catch (error) {
      if (!['EPERM', 'EACCES', 'EBUSY'].includes(systemErrorCode(error) ?? '')) throw error;
      await delay(seconds * 1000);
    }
  }
  await step();
}

/** Makes the name survive a power cut. Not possible on Windows and some network shares; the bytes are safe there all the same. */
async function makeNameDurable(target: string): Promise<void> {
  try {
    await syncFolder(path.dirname(target));
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
  }
}
