import { closeSync, openSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { AppError } from '../../../shared/errors.ts';
import { makeFolder } from '../../../shared/make-folder.ts';
import { isSqliteBusy, translateSqliteError } from './sqlite-database.ts';
import { withSystemErrors } from './system-error.ts';

/** Where everything of the embedded backend lies; all absolute paths. */
export interface DataFolder {
  readonly path: string;
  /** SQLite file of the conversions and notifications, for the holder of the lock. */
  readonly conversionsDatabase: string;
  /** SQLite file of the accounts, for whoever comes, lock or not. */
  readonly accountsDatabase: string;
  /** Blobs of the videos. */
  readonly videos: string;
  /** Blobs of the MP3s. */
  readonly mp3s: string;
  /** What is on its way: nothing in it is worth anything once its process is gone. */
  readonly work: string;
  readonly lock: string;
}

/** Makes the folders that are missing, for their owner alone. Throws `unavailable` or `disk_full`. */
export async function openDataFolder(folder: string): Promise<DataFolder> {
  const root = path.resolve(folder);
  const layout: DataFolder = {
    path: root,
    conversionsDatabase: path.join(root, 'conversions.db'),
    accountsDatabase: path.join(root, 'accounts.db'),
    videos: path.join(root, 'videos'),
    mp3s: path.join(root, 'mp3s'),
    work: path.join(root, 'work'),
    lock: path.join(root, 'lock'),
  };
  await withSystemErrors(async () => {
    for (const each of [root, layout.videos, layout.mp3s, layout.work]) {
      await makeFolder(each, 0o700);
    }
  });
  return layout;
}

/**
 * Takes the data folder for this process until it is disposed of, or the process ends in whatever way: the lock is the operating
 * system's, on a SQLite file of its own. Throws `data_in_use` when somebody has it, `unavailable` when it cannot be taken.
 */
export function lockDataFolder({ lock }: Pick<DataFolder, 'lock'>): Disposable {
  let database: DatabaseSync | undefined;
  try {
    closeSync(openSync(lock, 'a', 0o600));
    database = new DatabaseSync(lock, { timeout: 0 });
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database?.close();
    if (!isSqliteBusy(error)) throw translateSqliteError(error);
    throw new AppError(
      'data_in_use',
      'Soundlift is already running with this data folder. Stop it first, or use another folder.',
      {
        cause: error,
      },
    );
  }
  const held = database;
  return {
    [Symbol.dispose]() {
      if (held.isOpen) held.close();
    },
  };
}
