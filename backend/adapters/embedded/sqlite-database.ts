import { closeSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from 'node:sqlite';
import { AppError } from '../../../shared/errors.ts';
import { diskFull, translateSystemError } from './system-error.ts';
import { limitsAt } from './volume-space.ts';

/** How long a write waits for another process's write. */
const busyTimeoutMilliseconds = 5000;

export type SqliteRow = Readonly<Record<string, SQLOutputValue>>;

export interface SqliteStatement {
  all(...values: readonly SQLInputValue[]): readonly SqliteRow[];
  get(...values: readonly SQLInputValue[]): SqliteRow | undefined;
  /** How many rows were changed. */
  run(...values: readonly SQLInputValue[]): number;
}

/**
 * An open SQLite file. What a statement has written is durable when the call returns. Throws `disk_full`, `unavailable` if the
 * file cannot be read or written or was closed, `taken` for a key that exists.
 */
export interface SqliteDatabase extends Disposable {
  /** Prepares a statement, or returns the one already prepared from the same text. */
  prepare(sql: string): SqliteStatement;
  /** Whether a transaction is open. SQLite itself rolls one back after some errors. */
  isTransaction(): boolean;
}

/** A database without a file, for one connection. Nothing that it holds is kept. */
export const inMemory = ':memory:';

/**
 * Opens the file at `path`, or a database {@link inMemory}, and migrates it to the latest version. Makes the file, with access only for its owner, if it is
 * missing. The database has version n once the first n of `migrations` have run. A migration that was released must never be
 * edited; add another one instead. Throws `unsupported` for a file that a newer program has written.
 */
export function openSqliteDatabase(path: string, migrations: readonly string[]): SqliteDatabase {
  const database = translating(() => {
    // SQLite would make it readable for everyone. Its -wal and -shm files get the same mode.
    if (path !== inMemory) closeSync(openSync(path, 'a', 0o600));
    return new DatabaseSync(path, { timeout: busyTimeoutMilliseconds });
  });
  try {
    translating(() => {
      database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;');
      // Sorting must not need space on another disk.
      database.exec('PRAGMA temp_store = MEMORY;');
      if (path !== inMemory) limitLog(database, limitsAt(dirname(path)).databaseLog);
      migrate(database, migrations);
    });
  } catch (error) {
    database.close();
    throw error;
  }

  const statements = new Map<string, SqliteStatement>();
  return {
    prepare(sql) {
      const known = statements.get(sql);
      if (known !== undefined) return known;
      const statement = toSqliteStatement(translating(() => database.prepare(sql)));
      statements.set(sql, statement);
      return statement;
    },
    isTransaction: () => database.isOpen && database.isTransaction,
    [Symbol.dispose]() {
      if (database.isOpen) database.close();
    },
  };
}

function toSqliteStatement(statement: StatementSync): SqliteStatement {
  return {
    all: (...values) => translating(() => statement.all(...values)),
    get: (...values) => translating(() => statement.get(...values)),
    run: (...values) => translating(() => Number(statement.run(...values).changes)),
  };
}

/** Sets the size at which SQLite moves the write-ahead log into the database. It then writes over the log, which does not shrink. */
function limitLog(database: DatabaseSync, bytes: number): void {
  const pageBytes = Number(database.prepare('PRAGMA page_size').get()?.['page_size']);
  database.exec(`PRAGMA wal_autocheckpoint = ${Math.ceil(bytes / pageBytes)};`);
}

function migrate(database: DatabaseSync, migrations: readonly string[]): void {
  for (;;) {
    database.exec('BEGIN IMMEDIATE');
    try {
      // Read inside the transaction: another process may be migrating the same file.
      const version = Number(database.prepare('PRAGMA user_version').get()?.['user_version']);
      if (version > migrations.length) throw newerDatabase();
      const migration = migrations[version];
      if (migration !== undefined) database.exec(`${migration}; PRAGMA user_version = ${version + 1};`);
      database.exec('COMMIT');
      if (migration === undefined) return;
    } catch (error) {
      // If the disk is full, SQLite has already rolled it back.
      if (database.isTransaction) database.exec('ROLLBACK');
      throw error;
    }
  }
}

function newerDatabase(): AppError {
  return new AppError(
    'unsupported',
    'The data was written by a newer version of Soundlift. Update Soundlift to open it.',
  );
}

function translating<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw translateSqliteError(error);
  }
}

/** SQLite's result codes, https://www.sqlite.org/rescode.html: the primary ones are the low byte of the extended ones. */
const resultCodes = { busy: 5, locked: 6, readOnly: 8, ioError: 10, full: 13, cannotOpen: 14, protocol: 15 } as const;
const unavailableCodes: readonly number[] = [
  resultCodes.busy,
  resultCodes.locked,
  resultCodes.readOnly,
  resultCodes.ioError,
  resultCodes.cannotOpen,
  resultCodes.protocol,
];
/** SQLITE_IOERR_SHMSIZE: the index of the write-ahead log could not grow. */
const noSpaceForIndex = 4874;
/** SQLITE_CONSTRAINT_PRIMARYKEY and SQLITE_CONSTRAINT_UNIQUE. A violation of any other constraint is a bug. */
const takenCodes: readonly number[] = [1555, 2067];

/** Translates an expected SQLite error into an AppError. Returns any other value unchanged. */
export function translateSqliteError(error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error)) return error;
  // Node's error code for a closed database and its statements.
  if (error.code === 'ERR_INVALID_STATE') return unreachable(error);
  if (error.code !== 'ERR_SQLITE_ERROR' || !('errcode' in error)) return translateSystemError(error);
  const extended = Number(error.errcode);
  const primary = extended & 0xff;
  if (takenCodes.includes(extended)) return new AppError('taken', 'This key already exists.', { cause: error });
  if (primary === resultCodes.full || extended === noSpaceForIndex) return diskFull(error);
  return unavailableCodes.includes(primary) ? unreachable(error) : error;
}

/** True for SQLite's error when another process has locked the file. */
export function isSqliteBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && (Number(error.errcode) & 0xff) === resultCodes.busy;
}

function unreachable(cause: unknown): AppError {
  return new AppError('unavailable', 'The database cannot be reached.', { cause });
}
