import { DatabaseSync } from 'node:sqlite';
import { isDiskFull } from '../../../shared/disk-full.ts';
import { AppError } from '../../../shared/errors.ts';
import { say } from '../../words/say.ts';

/**
 * Opens an SQLite file of the app, and prepares it. On a full disk, it can be read and perhaps written. Throws `disk_full` if that is not
 * enough, and what SQLite and `prepare` throw.
 * @param prepare may be called twice
 */
export function openSqliteFile(file: string, prepare: (database: DatabaseSync) => void): DatabaseSync {
  try {
    return open(file, 'NORMAL', prepare);
  } catch (error) {
    if (!isDiskFull(error)) throw error;
  }
  try {
    // SQLite then needs no file for the index of its log. Only one instance of the app runs, so nobody else needs the database.
    return open(file, 'EXCLUSIVE', prepare);
  } catch (error) {
    throw isDiskFull(error) ? diskFull(error) : error;
  }
}

function open(file: string, locking: 'NORMAL' | 'EXCLUSIVE', prepare: (database: DatabaseSync) => void): DatabaseSync {
  const database = new DatabaseSync(file);
  try {
    database.exec(`PRAGMA locking_mode = ${locking}; PRAGMA journal_mode = WAL; PRAGMA busy_timeout = 5000`);
    prepare(database);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Runs `work`, perhaps twice, in a transaction. Throws `disk_full`, and what SQLite and `work` throw. Then nothing was written. */
export function writeTogether(database: DatabaseSync, work: () => void): void {
  try {
    inTransaction(database, work);
  } catch (error) {
    if (!isDiskFull(error)) throw error;
    writeOverLog(database);
    try {
      inTransaction(database, work);
    } catch (again) {
      throw isDiskFull(again) ? diskFull(again) : again;
    }
  }
}

function inTransaction(database: DatabaseSync, work: () => void): void {
  try {
    database.exec('BEGIN IMMEDIATE');
    work();
    database.exec('COMMIT');
  } catch (error) {
    // If the disk is full, SQLite has already rolled it back.
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

/** SQLite writes over its log from now on, which needs no more space if the database does not grow. */
function writeOverLog(database: DatabaseSync): void {
  try {
    database.exec('PRAGMA wal_checkpoint(RESTART)');
  } catch (error) {
    if (!isDiskFull(error)) throw error;
  }
}

function diskFull(cause: unknown): AppError {
  return new AppError('disk_full', say('notificationsDataDiskFull'), { cause });
}
