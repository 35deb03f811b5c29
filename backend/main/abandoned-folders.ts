import { lstat, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { isAppError } from '../../shared/errors.ts';
import { lockDataFolder } from '../adapters/embedded/data-folder-lock.ts';

/** The name of the lock in a temporary folder, as in a data folder. */
export const lockName = 'lock';

/** Removes the temporary folders with this prefix that killed processes left: nobody holds their lock. */
export async function removeAbandonedFolders(prefix: string, log: Logger): Promise<void> {
  const names = await readdir(tmpdir()).catch(() => []);
  for (const name of names.filter((each) => each.startsWith(prefix))) {
    const path = join(tmpdir(), name);
    try {
      // Every user may write here. Entries of other users, and links, are ignored.
      const facts = await lstat(path);
      if (!facts.isDirectory() || facts.uid !== (process.getuid?.() ?? facts.uid)) continue;
      using _lock = lockDataFolder({ path, lock: join(path, lockName), called: 'The temporary folder' });
      await rm(path, { recursive: true, force: true });
    } catch (error) {
      if (isAppError(error, 'data_in_use')) continue;
      log.debug({ err: error }, 'could not remove the leftovers of a killed process');
    }
  }
}
