import { closeSync, openSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from 'node:sqlite';
import { AppError } from '../../../shared/errors.ts';
import { translateSystemError } from './system-error.ts';

/** How long a write waits for another process's. */
const busyTimeoutMilliseconds = 5000;

export type SqliteRow = Readonly<Record<string, SQLOutputValue>>;

export interface SqliteStatement {
  all(...values: readonly SQLInputValue[]): readonly SqliteRow[];
  get(...values: readonly SQLInputValue[]): SqliteRow | undefined;
  /** How many rows were changed. */
  run(...values: readonly SQLInputValue[]): number;
}

/**
 * An open SQLite file. What a statement has written is durable when it returns. Throws `disk_full`, `unavailable` when the file
 * cannot be read or written or was closed, `taken` for a key that exists.
 */
export interface SqliteDatabase extends Disposable {
  /** Prepares a statement, or gives the one that was prepared from the same text. */
  prepare(sql: string): SqliteStatement;
}

/**
 * Opens the file at `path`, makes it (for its owner alone) where there is none, and brings it to the latest version: the
 * database is of version n once the first n of `migrations` have run. A migration that was ever released is never edited, only
 * followed by another. Throws `unsupported` for a file that a newer program has written.
 */
export function openSqliteDatabase(path: string, migrations: readonly string[]): SqliteDatabase {
  const database = translating(() => {
    // SQLite itself would make it readable for everyone; its -wal and -shm take over the mode.
    closeSync(openSync(path, 'a', 0o600));
    return new DatabaseSync(path, { timeout: busyTimeoutMilliseconds });
  });
  try {
    translating(() => {
      database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;');
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
      // A full disk has already rolled it back.
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
/** SQLITE_CONSTRAINT_PRIMARYKEY and SQLITE_CONSTRAINT_UNIQUE. Any other constraint that is violated is a defect of ours. */
const takenCodes: readonly number[] = [1555, 2067];

/** SQLite's error as an AppError where it is one that is to be expected; anything else is given back as it is. */
export function translateSqliteError(error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error)) return error;
  // Node's word for a database that was closed, and for its statements.
  if (error.code === 'ERR_INVALID_STATE') return unreachable(error);
  if (error.code !== 'ERR_SQLITE_ERROR' || !('errcode' in error)) return translateSystemError(error);
  const extended = Number(error.errcode);
  const primary = extended & 0xff;
  if (takenCodes.includes(extended))
    return new AppError('taken', 'There is one of that name already.', { cause: error });
  if (primary === resultCodes.full) {
    return new AppError('disk_full', 'There is no space left to store this.', { cause: error });
  }
  return unavailableCodes.includes(primary) ? unreachable(error) : error;
}

/** True for what SQLite says when somebody else holds the file. */
export function isSqliteBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && (Number(error.errcode) & 0xff) === resultCodes.busy;
}

function unreachable(cause: unknown): AppError {
  return new AppError('unavailable', 'The database cannot be reached.', { cause });
}
