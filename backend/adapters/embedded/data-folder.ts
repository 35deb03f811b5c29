import { closeSync, openSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { AppError } from '../../../shared/errors.ts';
import { makeFolder } from '../../../shared/make-folder.ts';
import { isSqliteBusy, translateSqliteError } from './sqlite-database.ts';
import { withSystemErrors } from './system-error.ts';

/** The paths of everything that the embedded backend stores, all absolute. */
export interface DataFolder {
  readonly path: string;
  /** SQLite file of the conversions and notifications. Only for the process that holds the lock. */
  readonly conversionsDatabase: string;
  /** SQLite file of the accounts. Any process may use it, with or without the lock. */
  readonly accountsDatabase: string;
  /** Blobs of the videos. */
  readonly videos: string;
  /** Blobs of the MP3s. */
  readonly mp3s: string;
  /** Temporary files. They are useless once their process has ended. */
  readonly work: string;
  readonly lock: string;
  /** Takes up space that the databases get on a full disk. */
  readonly reserve: string;
}

/** Makes the folders that are missing, with access only for their owner. Throws `unavailable` or `disk_full`. */
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
    reserve: path.join(root, 'reserve'),
  };
  await withSystemErrors(async () => {
    for (const each of [root, layout.videos, layout.mp3s, layout.work]) {
      await makeFolder(each, 0o700);
    }
  });
  return layout;
}

/**
 * Locks the data folder for this process until it is disposed of or the process ends in any way. The lock is the operating
 * system's lock on a separate SQLite file. Throws `data_in_use` if another process has it, `unavailable` if it cannot be locked.
 */
export function lockDataFolder({ lock }: Pick<DataFolder, 'lock'>): Disposable {
  let database: DatabaseSync | undefined;
  try {
    closeSync(openSync(lock, 'a', 0o600));
    database = new DatabaseSync(lock, { timeout: 0 });
    // Without a journal in memory, SQLite would write one to the disk, which may be full.
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE;');
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
