import { mkdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { systemErrorCode } from './errors.ts';
import { syncFolder } from './sync-folder.ts';

/**
 * Creates a folder and its missing parents, durably. Does nothing if the folder exists. Throws the system's error.
 *
 * Not `mkdir` with `recursive`: in Node 24 that never returns if the system answers ENOENT although the parent exists,
 * as below /proc.
 * @param folder absolute path
 * @param mode permissions of each folder that is created
 */
export async function makeFolder(folder: string, mode?: number): Promise<void> {
  try {
    await mkdir(folder, { mode });
    await makeDurable(folder);
  } catch (error) {
    const above = path.dirname(folder);
    if (systemErrorCode(error) === 'ENOENT' && above !== folder) {
      await makeFolder(above, mode);
      await mkdir(folder, { mode }).catch(async (again: unknown) => await throwUnlessFolder(folder, again));
      await makeDurable(folder);
    } else await throwUnlessFolder(folder, error);
  }
}

/** Without this, a power cut could take a new folder with all that was made durable in it. */
async function makeDurable(folder: string): Promise<void> {
  await syncFolder(path.dirname(folder)).catch((error: unknown) => {
    // The folder above may be unreadable, and some network shares cannot do this.
    if (systemErrorCode(error) === undefined) throw error;
  });
}

/** Two callers may create the same folder at the same time. */
async function throwUnlessFolder(folder: string, error: unknown): Promise<void> {
  const facts = await stat(folder).catch(() => undefined);
  if (!facts?.isDirectory()) throw error;
}
