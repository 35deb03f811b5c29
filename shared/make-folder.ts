import { mkdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { systemErrorCode } from './errors.ts';

/**
 * Creates a folder and its missing parents. Does nothing if the folder exists. Throws the system's error.
 *
 * Not `mkdir` with `recursive`: in Node 24 that never returns if the system answers ENOENT although the parent exists,
 * as below /proc.
 * @param folder absolute path
 * @param mode permissions of each folder that is created
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

/** Two callers may create the same folder at the same time. */
async function throwUnlessFolder(folder: string, error: unknown): Promise<void> {
  const facts = await stat(folder).catch(() => undefined);
  if (!facts?.isDirectory()) throw error;
}
