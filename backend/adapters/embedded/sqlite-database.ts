import { closeSync, openSync, statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { isDiskFull } from '../../../shared/disk-full.ts';
import { AppError, isAppError } from '../../../shared/errors.ts';
import type { ReportSkipped } from '../../ports/skipped-item.ts';
import { diskFull, isSystemError, translateSystemError } from '../system-error.ts';
import { readRows, type SqliteRow } from './sqlite-integers.ts';
import { limitsAt } from './volume-space.ts';
import { isLogDamaged } from './write-ahead-log.ts';

/** The size of SQLite's smallest page. */
const smallestBytes = 512;
/** How long opening waits for another process's write. */
const busyTimeoutMilliseconds = 15_000;

/** A statement runs a second time if it finds a bigint. So one that writes must not return integers. */
export interface SqliteStatement {
  all(...values: readonly SQLInputValue[]): readonly SqliteRow[];
  get(...values: readonly SQLInputValue[]): SqliteRow | undefined;
  /** How many rows were changed. */
  run(...values: readonly SQLInputValue[]): number;
}

/**
 * An open SQLite file. What a statement has written is durable when the call returns. Throws `disk_full`, `unavailable` if the
 * file cannot be read or written, is damaged or was closed, `taken` for a key that exists.
 */
export interface SqliteDatabase extends Disposable {
  /** Prepares a statement, or returns the one already prepared from the same text. */
  prepare(sql: string): SqliteStatement;
  /** Whether a transaction is open. SQLite itself rolls one back after some errors. */
  isTransaction(): boolean;
  /** For the stores: called for each row that cannot be read and is skipped. */
  readonly skipped: ReportSkipped;
}

/** What the program that has opened a database hears of it. */
export interface DatabaseEvents {
  readonly onSkipped?: ReportSkipped;
  /** Called whenever SQLite finds the file damaged. */
  readonly onDamaged?: (error: AppError) => void;
}

export interface SqliteDatabaseOptions extends DatabaseEvents {
  /** What somebody loses who goes on without this file, for the end of a sentence. */
  readonly loss?: string;
  /** The tables that it must have, once it is migrated. */
  readonly tables?: readonly string[];
}

/** A database without a file, for one connection. Nothing that it holds is kept. */
export const inMemory = ':memory:';

/**
 * Opens the file at `path`, or a database {@link inMemory}, and migrates it to the latest version. Makes the file, with access only
 * for its owner, if it is missing. The database has version n once the first n of `migrations` have run. A migration that was released must never be
 * edited; add another one instead. Throws `unsupported` for a file that a newer program has written, `data_unusable` for a damaged
 * one; both files stay as they are.
 */
export function openSqliteDatabase(
  path: string,
  migrations: readonly string[],
  options: SqliteDatabaseOptions = {},
): SqliteDatabase {
  const { loss = 'all that is in it', tables = [], onSkipped = () => undefined, onDamaged } = options;
  const name = basename(path);
  const isFile = path !== inMemory;
  const opening = <Result>(work: () => Result): Result => {
    try {
      return work();
    } catch (error) {
      if (isDamage(error)) throw damagedFile(name, loss, error);
      const translated = translateSqliteError(error);
      const mayPass = !isAppError(translated, 'unavailable') || isSqliteBusy(error);
      throw mayPass ? translated : unopenedFile(name, error);
    }
  };
  const database = opening(() => {
    if (isFile) {
      // SQLite takes these few bytes for nothing, and would write a new database over them.
      const { size = 0 } = statSync(path, { throwIfNoEntry: false }) ?? {};
      if (size > 0 && size < smallestBytes) throw damagedFile(name, loss);
      makeFile(path);
    }
    return new DatabaseSync(path, { timeout: busyTimeoutMilliseconds });
  });
  try {
    opening(() => {
      // First, because all else writes.
      const version = readVersion(database);
      if (version > migrations.length) throw newerDatabase(name);
      if (version < 0 || (version === 0 && namesIn(database).length > 0)) throw damagedFile(name, loss);
      database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;');
      // On macOS, a plain fsync leaves the bytes in the disk's own memory. Other systems ignore this.
      database.exec('PRAGMA fullfsync = ON; PRAGMA checkpoint_fullfsync = ON;');
      // Sorting must not need space on another disk.
      database.exec('PRAGMA temp_store = MEMORY;');
      if (isFile) limitLog(database, limitsAt(dirname(path)).databaseLog);
      migrate(database, migrations, name, loss);
      const names = namesIn(database);
      if (!tables.every((table) => names.includes(table))) throw damagedFile(name, loss);
    });
  } catch (error) {
    database.close();
    throw error;
  }

  function translating<Result>(work: () => Result): Result {
    try {
      return work();
    } catch (error) {
      if (!isDamage(error)) throw translateSqliteError(error);
      const damaged = damagedDatabase(path, error);
      onDamaged?.(damaged);
      throw damaged;
    }
  }

  const statements = new Map<string, SqliteStatement>();
  return {
    prepare(sql) {
      const known = statements.get(sql);
      if (known !== undefined) return known;
      const prepared = translating(() => database.prepare(sql));
      const statement: SqliteStatement = {
        all: (...values) => translating(() => readRows(prepared, () => prepared.all(...values))),
        get(...values) {
          return translating(() => {
            const [row] = readRows(prepared, () => [prepared.get(...values)]);
            return row;
          });
        },
        run: (...values) => translating(() => Number(prepared.run(...values).changes)),
      };
      statements.set(sql, statement);
      return statement;
    },
    isTransaction: () => database.isOpen && database.isTransaction,
    skipped: onSkipped,
    [Symbol.dispose]() {
      if (database.isOpen) database.close();
    },
  };
}

/**
 * Makes an empty file that only its owner may read; SQLite would make it readable for everyone, and gives its -wal and -shm files the
 * same mode. Does not open a file that exists: closing it would drop the locks of this process's other connections to it.
 */
export function makeFile(path: string): void {
  try {
    closeSync(openSync(path, 'ax', 0o600));
  } catch (error) {
    if (!isSystemError(error, 'EEXIST')) throw error;
  }
}

/** Reads the whole file at `path`. Returns what is wrong with it, or undefined. It may take minutes. */
export function findDamage(path: string): string | undefined {
  try {
    using database = new DatabaseSync(path, { readOnly: true });
    const found = database.prepare('PRAGMA quick_check(1)').get()?.['quick_check'];
    return found === 'ok' ? undefined : String(found);
  } catch (error) {
    if (isDamage(error) && error instanceof Error) return error.message;
    throw translateSqliteError(error);
  }
}

function namesIn(database: DatabaseSync): readonly string[] {
  return database
    .prepare('SELECT name FROM sqlite_schema')
    .all()
    .map(({ name }) => String(name));
}

/** Sets the size at which SQLite moves the write-ahead log into the database. It then writes over the log, which does not shrink. */
function limitLog(database: DatabaseSync, bytes: number): void {
  const pageBytes = Number(database.prepare('PRAGMA page_size').get()?.['page_size']);
  database.exec(`PRAGMA wal_autocheckpoint = ${Math.ceil(bytes / pageBytes)};`);
}

function readVersion(database: DatabaseSync): number {
  return Number(database.prepare('PRAGMA user_version').get()?.['user_version']);
}

/** Runs the missing migrations. If one fails, none has changed anything. */
function migrate(database: DatabaseSync, migrations: readonly string[], name: string, loss: string): void {
  // Without a transaction at first: another process may be writing for a while.
  if (readVersion(database) === migrations.length) return;
  database.exec('BEGIN IMMEDIATE');
  // Read inside the transaction: another process may be migrating the same file.
  const version = readVersion(database);
  try {
    if (version > migrations.length) throw newerDatabase(name);
    for (const migration of migrations.slice(version)) database.exec(migration);
    database.exec(`PRAGMA user_version = ${migrations.length}; COMMIT`);
  } catch (error) {
    // If the disk is full, SQLite has already rolled it back.
    if (database.isTransaction) database.exec('ROLLBACK');
    const code = resultCodeOf(error);
    const isUnfit = code === resultCodes.error || code === resultCodes.constraint;
    // It does not hold what its version says. In a new file, such an error is a bug.
    throw version > 0 && isUnfit ? damagedFile(name, loss, error) : error;
  }
}

function newerDatabase(name: string): AppError {
  return new AppError(
    'unsupported',
    `${name} in it was written by a newer version of Soundlift; update Soundlift to open it, or choose another folder.`,
  );
}

/** `loss` ends the sentence. */
export function damagedFile(name: string, loss: string, cause?: unknown): AppError {
  return new AppError(
    'data_unusable',
    `${name} in it is damaged; put back a copy of the whole folder, or move ${name} away, with ${name}-wal and ${name}-shm if they exist, which loses ${loss}.`,
    { cause },
  );
}

export function unopenedFile(name: string, cause: unknown): AppError {
  return new AppError(
    'data_unusable',
    `${name} in it cannot be opened; see whether it is a file, and may be read and written by the account that runs Soundlift.`,
    { cause },
  );
}

/** For a database that is in use. */
export function damagedDatabase(path: string, cause: unknown): AppError {
  return new AppError('unavailable', `The database ${basename(path)} is damaged.`, { cause });
}

/** Throws `data_unusable` if the write-ahead log of the database at `path` is damaged. Reads only the log. */
export function refuseDamagedLog(path: string): void {
  if (isLogDamaged(`${path}-wal`)) throw damagedLog(basename(path));
}

function damagedLog(name: string): AppError {
  return new AppError(
    'data_unusable',
    `${name}-wal in it is damaged; put back a copy of the whole folder, or move ${name}-wal away, which loses the latest changes to ${name}.`,
  );
}

/** SQLite's result codes, https://www.sqlite.org/rescode.html: the primary ones are the low byte of the extended ones. */
const resultCodes = {
  error: 1,
  busy: 5,
  locked: 6,
  readOnly: 8,
  ioError: 10,
  corrupt: 11,
  cannotOpen: 14,
  protocol: 15,
  constraint: 19,
  notADatabase: 26,
} as const;
const unavailableCodes: readonly number[] = [
  resultCodes.busy,
  resultCodes.locked,
  resultCodes.readOnly,
  resultCodes.ioError,
  resultCodes.cannotOpen,
  resultCodes.protocol,
];
/** SQLITE_CONSTRAINT_PRIMARYKEY and SQLITE_CONSTRAINT_UNIQUE. A violation of any other constraint is a bug. */
const takenCodes: readonly number[] = [1555, 2067];

/** Translates an expected SQLite error into an AppError. Returns any other value unchanged. */
export function translateSqliteError(error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error)) return error;
  // Node's error code for a closed database and its statements.
  if (error.code === 'ERR_INVALID_STATE') return unreachable(error);
  if (error.code !== 'ERR_SQLITE_ERROR' || !('errcode' in error)) return translateSystemError(error);
  const extended = Number(error.errcode);
  const primary = resultCodeOf(error);
  if (takenCodes.includes(extended)) return new AppError('taken', 'This key already exists.', { cause: error });
  if (isDiskFull(error)) return diskFull(error);
  return primary !== undefined && unavailableCodes.includes(primary) ? unreachable(error) : error;
}

/** True for SQLite's error when another process has locked the file. */
export function isSqliteBusy(error: unknown): boolean {
  return resultCodeOf(error) === resultCodes.busy;
}

/** True for what a statement throws if the file is damaged. */
export function isDamagedDatabase(error: unknown): boolean {
  return isAppError(error, 'unavailable') && isDamage(error.cause);
}

function isDamage(error: unknown): boolean {
  const code = resultCodeOf(error);
  return code === resultCodes.corrupt || code === resultCodes.notADatabase;
}

/** The primary result code of an error of SQLite. */
function resultCodeOf(error: unknown): number | undefined {
  return error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : undefined;
}

function unreachable(cause: unknown): AppError {
  return new AppError('unavailable', 'The database cannot be reached.', { cause });
}
