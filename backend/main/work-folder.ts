import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { isDiskFull } from '../../shared/disk-full.ts';
import { AppError, isAppError } from '../../shared/errors.ts';
import { lockDataFolder } from '../adapters/embedded/data-folder-lock.ts';
import { lockName, removeAbandonedFolders } from './abandoned-folders.ts';

const prefix = 'soundlift-work-';
/** Another process that cleans up may take a folder just before it is locked. */
const tries = 5;

export interface WorkFolder extends AsyncDisposable {
  /** Absolute. */
  readonly path: string;
}

/**
 * Makes an empty temporary folder, which is removed when it is disposed of. If the process is killed, the next one of this account
 * removes the folder. Throws `unavailable` with a sentence that names the place.
 */
export async function openWorkFolder(log: Logger): Promise<WorkFolder> {
  await removeAbandonedFolders(prefix, log);
  for (let attempt = 1; ; attempt += 1) {
    const path = await makeFolder();
    try {
      const lock = lockDataFolder({ path, lock: join(path, lockName), called: 'The temporary folder' });
      return {
        path,
        async [Symbol.asyncDispose]() {
          await rm(path, { recursive: true, force: true });
          lock[Symbol.dispose]();
        },
      };
    } catch (error) {
      await rm(path, { recursive: true, force: true });
      if (!isAppError(error, 'data_in_use', 'data_unusable') || attempt === tries) throw error;
    }
  }
}

async function makeFolder(): Promise<string> {
  try {
    return await mkdtemp(join(tmpdir(), prefix));
  } catch (cause) {
    const trouble = isDiskFull(cause) ? 'is full: free some space there' : 'cannot be written';
    throw new AppError('unavailable', `The folder for temporary files, ${tmpdir()}, ${trouble}, or set TMPDIR.`, {
      cause,
    });
  }
}
