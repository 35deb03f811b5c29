import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout } from 'node:timers/promises';
import { AppError, isAppError } from '../../../shared/errors.ts';
import { isSystemError } from '../system-error.ts';
import { type DataFolder, unusable } from './data-folder.ts';
import { isSqliteBusy, makeFile, translateSqliteError, unopenedFile } from './sqlite-database.ts';

/** How long a program may read or write the database of conversions before it counts as another server. */
const patienceMilliseconds = 5000;
const pauseMilliseconds = 50;

/**
 * The folders that this process has locked, by device and inode. POSIX gives a process all its locks on a file, and drops them when
 * it closes any descriptor of that file. So a second lock within the process must not even open the file.
 */
const lockedHere = new Set<string>();

/**
 * Locks the data folder for this owner until it is disposed of or the process ends in any way. The lock is the operating system's
 * lock on a separate SQLite file. If that file was removed while a server runs, {@link refuseOtherUsers} still sees that server.
 * Throws `data_in_use` if another owner has it, `data_unusable` if it cannot be locked.
 */
export function lockDataFolder(folder: Pick<DataFolder, 'path' | 'lock' | 'called'>): Disposable {
  const key = keyOf(folder);
  if (lockedHere.has(key)) throw dataInUse(folder);
  let database: DatabaseSync | undefined;
  try {
    makeFile(folder.lock);
    database = new DatabaseSync(folder.lock, { timeout: 0 });
    // Without a journal in memory, SQLite would write one to the disk, which may be full.
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE;');
  } catch (error) {
    database?.close();
    if (isSqliteBusy(error)) throw dataInUse(folder, error);
    throw unusableLock(folder, error);
  }
  lockedHere.add(key);
  const held = database;
  return {
    [Symbol.dispose]() {
      if (!held.isOpen) return;
      held.close();
      lockedHere.delete(key);
    },
  };
}

/**
 * Throws `data_in_use` if another process has the database of conversions open: a server whose lock file was removed. For the holder
 * of the lock, before it opens the database itself. Waits some seconds for a program that only looks into the database.
 */
export async function refuseOtherUsers(folder: DataFolder): Promise<void> {
  const until = performance.now() + patienceMilliseconds;
  while (existsSync(folder.conversionsDatabase)) {
    const error = triedAlone(folder.conversionsDatabase);
    // Other errors are those of the file: opening it describes them.
    if (!isSqliteBusy(error)) return;
    if (performance.now() >= until) throw dataInUse(folder, error);
    await setTimeout(pauseMilliseconds);
  }
}

/** In this mode, SQLite's first read takes the lock that a connection of any other process prevents. */
function triedAlone(file: string): unknown {
  try {
    using database = new DatabaseSync(file, { timeout: 0 });
    database.exec('PRAGMA locking_mode = EXCLUSIVE');
    database.prepare('SELECT count(*) FROM sqlite_schema').get();
    return undefined;
  } catch (error) {
    return error;
  }
}

function keyOf(folder: Pick<DataFolder, 'path' | 'called'>): string {
  try {
    const { dev, ino } = statSync(folder.path, { bigint: true });
    return `${dev}:${ino}`;
  } catch (error) {
    throw unusable(folder, 'it', error);
  }
}

function dataInUse({ called }: Pick<DataFolder, 'called'>, cause?: unknown): AppError {
  return new AppError(
    'data_in_use',
    `${called} is in use by another Soundlift that is running; stop that one first, or choose another folder.`,
    { cause },
  );
}

function unusableLock(folder: Pick<DataFolder, 'called' | 'lock'>, error: unknown): unknown {
  const name = path.basename(folder.lock);
  if (isSystemError(error)) return unusable(folder, `the file ${name} in it`, error);
  const translated = translateSqliteError(error);
  return isAppError(translated, 'disk_full') ? translated : unopenedFile(name, error);
}
