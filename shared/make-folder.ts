import { mkdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { systemErrorCode } from './errors.ts';

/**
 * Makes a folder, and the ones above it that are missing. No error when it is there. Throws the system's error.
 *
 * Not `mkdir` with `recursive`: in Node 24 it never returns where the system answers ENOENT although the parent folder is there, as
 * below /proc.
 * @param folder absolute path
 * @param mode permissions of each folder that is made
 */
export async function makeFolder(folder: string, mode?: number): Promise<void> {
  try {
    await mkdir(folder, { mode });
  } catch (error) {
    const above = path.dirname(folder);
    if (systemErrorCode(error) === 'ENOENT' && above !== folder) {
      await makeFolder(above, mode);
      await mkdir(folder, { mode }).catch(async (again: unknown) => await throwUnlessFolder(folder, again));
    } else await throwUnlessFolder(folder, error);
  }
}

/** Two may make the same folder at the same time. */
async function throwUnlessFolder(folder: string, error: unknown): Promise<void> {
  const facts = await stat(folder).catch(() => undefined);
  if (!facts?.isDirectory()) throw error;
}
