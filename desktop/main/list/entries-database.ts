import { existsSync, renameSync } from 'node:fs';
import { basename } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { isAppError } from '../../../shared/errors.ts';
import type { HistoryQuery } from '../../ipc.ts';
import type { BackendKey } from '../backends/backends.ts';
import { openSqliteFile, writeTogether } from '../storage/sqlite-file.ts';
import { conversionIdOf, type Entry } from './entry.ts';

/** A call that must still be made to a backend, kept until it has succeeded. */
export interface PendingCall {
  readonly conversionId: string;
  readonly backendKey: BackendKey;
  readonly action: 'cancel' | 'remove';
}

/** The stored entries. Each write is durable when it returns. Throws `disk_full`; then nothing was written. */
export interface EntriesDatabase extends Disposable {
  /** The entries in the list, in order. */
  listed(): readonly Entry[];
  get(id: string): Entry | undefined;
  /** Writes all entries and calls, or none. */
  write(entries: readonly Entry[], calls?: readonly PendingCall[]): void;
  remove(ids: readonly string[], calls?: readonly PendingCall[]): void;
  pendingCalls(): readonly PendingCall[];
  /** Replaces a pending call of the same conversion. */
  addCall(call: PendingCall): void;
  dropCall(conversionId: string): void;
  /** The order of the next entry. */
  nextOrder(): number;
  /** The entries of the history, newest first. */
  saved(query: HistoryQuery): { readonly entries: readonly Entry[]; readonly found: number };
  savedTotals(): { readonly count: number; readonly seconds: number; readonly bytes: number };
  /** Clears the history. Entries that are also in the list stay there. */
  clearSaved(): void;
  /** Ids of the batches whose end was reported. Kept until all entries of a batch are gone. */
  reportedBatches(): ReadonlySet<string>;
  markReported(batchId: string): void;
  /** Absolute path of a file that could not be read and was set aside. */
  readonly setAside?: string;
}

/** In order. New ones are appended; existing ones are never edited. */
const migrations: readonly string[] = [
  `CREATE TABLE entries (
     id TEXT PRIMARY KEY,
     position INTEGER NOT NULL,
     listed INTEGER NOT NULL,
     saved_at INTEGER,
     names TEXT NOT NULL,
     seconds REAL NOT NULL,
     bytes INTEGER NOT NULL,
     entry TEXT NOT NULL
   ) STRICT;
   CREATE INDEX entries_listed ON entries (position) WHERE listed = 1;
   CREATE INDEX entries_saved ON entries (saved_at DESC, position DESC) WHERE saved_at IS NOT NULL;
   CREATE TABLE told_batches (id TEXT PRIMARY KEY) STRICT;`,
  `CREATE TABLE owed (conversion_id TEXT PRIMARY KEY, workplace TEXT NOT NULL, deed TEXT NOT NULL) STRICT;`,
  `ALTER TABLE owed RENAME TO pending_calls;
   ALTER TABLE pending_calls RENAME COLUMN workplace TO backend_key;
   ALTER TABLE pending_calls RENAME COLUMN deed TO action;
   ALTER TABLE told_batches RENAME TO reported_batches;
   UPDATE entries SET entry = json_remove(json_set(entry, '$.backendKey', entry ->> '$.workplace'), '$.workplace');`,
];

/** SQLITE_CORRUPT and SQLITE_NOTADB. Other errors, such as a full disk, may pass. */
const brokenCodes: ReadonlySet<unknown> = new Set([11, 26]);

/**
 * Opens the database, and deletes the entries that were removed from the list in the session before and were not saved.
 * Throws `disk_full` if it cannot even be read.
 * @param file absolute path; created if missing. A damaged file is renamed and replaced by an empty one.
 * @param onFull called when a write does not fit on the disk
 */
export function openEntriesDatabase(file: string, onFull: () => void = () => undefined): EntriesDatabase {
  try {
    return withStatements(openAndMigrate(file), onFull);
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    const setAside = freeName(`${file}.broken`);
    for (const rest of ['', '-wal', '-shm']) {
      if (existsSync(`${file}${rest}`)) renameSync(`${file}${rest}`, `${setAside}${rest}`);
    }
    return { ...withStatements(openAndMigrate(file), onFull), setAside };
  }
}

/** An error that would be the same the next time. */
class Unreadable extends Error {}

function freeName(wanted: string): string {
  for (let number = 0; ; number += 1) {
    const name = number === 0 ? wanted : `${wanted}-${number}`;
    if (!existsSync(name)) return name;
  }
}

function openAndMigrate(file: string): DatabaseSync {
  try {
    return openSqliteFile(file, (database) => {
      database.exec('PRAGMA synchronous = FULL');
      const check = database.prepare('PRAGMA quick_check(1)').get();
      if (check?.['quick_check'] !== 'ok') throw new Unreadable('the database is damaged');
      const version = Number(database.prepare('PRAGMA user_version').get()?.['user_version']);
      if (version > migrations.length) throw new Unreadable('the database is of a newer version');
      for (const [index, migration] of migrations.entries()) {
        if (index < version) continue;
        database.exec(`BEGIN IMMEDIATE; ${migration}; PRAGMA user_version = ${index + 1}; COMMIT`);
      }
    });
  } catch (cause) {
    if (cause instanceof Error && 'errcode' in cause && brokenCodes.has(cause.errcode)) {
      throw new Unreadable('the database is damaged', { cause });
    }
    throw cause;
  }
}

function withStatements(database: DatabaseSync, onFull: () => void): EntriesDatabase {
  const put = database.prepare(
    `INSERT INTO entries (id, position, listed, saved_at, names, seconds, bytes, entry) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET listed = excluded.listed, saved_at = excluded.saved_at, names = excluded.names,
       seconds = excluded.seconds, bytes = excluded.bytes, entry = excluded.entry, position = excluded.position`,
  );
  const one = database.prepare('SELECT entry FROM entries WHERE id = ?');
  const listed = database.prepare('SELECT entry FROM entries WHERE listed = 1 ORDER BY position');
  const drop = database.prepare('DELETE FROM entries WHERE id = ?');
  const last = database.prepare('SELECT max(position) AS last FROM entries');
  const fitting = `FROM entries WHERE saved_at IS NOT NULL AND names LIKE ? ESCAPE '\\'`;
  const page = database.prepare(`SELECT entry ${fitting} ORDER BY saved_at DESC, position DESC LIMIT ? OFFSET ?`);
  const count = database.prepare(`SELECT count(*) AS found ${fitting}`);
  const totals = database.prepare(
    `SELECT count(*) AS count, total(seconds) AS seconds, total(bytes) AS bytes FROM entries WHERE saved_at IS NOT NULL`,
  );
  const reported = database.prepare('SELECT id FROM reported_batches');
  const report = database.prepare('INSERT OR IGNORE INTO reported_batches (id) VALUES (?)');
  const unlist = database.prepare('UPDATE entries SET saved_at = NULL WHERE listed = 1 AND saved_at IS NOT NULL');
  const dropUnlisted = database.prepare('DELETE FROM entries WHERE listed = 0');
  const removed = database.prepare('SELECT entry FROM entries WHERE listed = 0 AND saved_at IS NULL');
  const forgetReported = database.prepare(
    "DELETE FROM reported_batches WHERE id NOT IN (SELECT json_extract(entry, '$.batchId') FROM entries)",
  );
  const calls = database.prepare('SELECT conversion_id, backend_key, action FROM pending_calls');
  const dropCall = database.prepare('DELETE FROM pending_calls WHERE conversion_id = ?');
  const addCall = database.prepare(
    'INSERT OR REPLACE INTO pending_calls (conversion_id, backend_key, action) VALUES (?, ?, ?)',
  );

  function addCalls(all: readonly PendingCall[]): void {
    for (const { conversionId, backendKey, action } of all) addCall.run(conversionId, backendKey, action);
  }

  function together(work: () => void): void {
    try {
      writeTogether(database, work);
    } catch (error) {
      if (isAppError(error, 'disk_full')) onFull();
      throw error;
    }
  }

  try {
    // Removals could be undone only in the session before.
    together(() => {
      for (const entry of removed.all().map(readEntry)) {
        addCalls(callsFor(entry));
        drop.run(entry.id);
      }
      forgetReported.run();
    });
  } catch (error) {
    // They are not in the list, and the next start deletes them.
    if (!isAppError(error, 'disk_full')) throw error;
  }

  return {
    listed: () => listed.all().map(readEntry),
    get(id) {
      const row = one.get(id);
      return row === undefined ? undefined : readEntry(row);
    },
    write(entries, newCalls = []) {
      together(() => {
        addCalls(newCalls);
        for (const entry of entries) {
          const { seconds, bytes } = savedMeasures(entry);
          const isListed = entry.isListed ? 1 : 0;
          const names = foldName(`${entry.source.fileName}\n${savedName(entry) ?? ''}`);
          const json = JSON.stringify(entry);
          put.run(entry.id, entry.order, isListed, entry.savedAt ?? null, names, seconds, bytes, json);
        }
      });
    },
    remove(ids, newCalls = []) {
      together(() => {
        addCalls(newCalls);
        for (const id of ids) drop.run(id);
      });
    },
    pendingCalls: () => calls.all().map(readCall),
    addCall: (call) => together(() => addCalls([call])),
    dropCall: (conversionId) => together(() => dropCall.run(conversionId)),
    nextOrder: () => Number(last.get()?.['last'] ?? 0) + 1,
    saved({ search, offset, limit }) {
      const pattern = `%${foldName(search.trim()).replaceAll(/[\\%_]/g, String.raw`\$&`)}%`;
      return {
        entries: page.all(pattern, limit, offset).map(readEntry),
        found: Number(count.get(pattern)?.['found']),
      };
    },
    savedTotals() {
      const row = totals.get();
      return { count: Number(row?.['count']), seconds: Number(row?.['seconds']), bytes: Number(row?.['bytes']) };
    },
    clearSaved() {
      together(() => {
        dropUnlisted.run();
        unlist.run();
      });
    },
    reportedBatches: () => new Set(reported.all().map((row) => String(row['id']))),
    markReported: (batchId) => together(() => report.run(batchId)),
    [Symbol.dispose]: () => database.close(),
  };
}

function readEntry(row: Readonly<Record<string, unknown>>): Entry {
  const entry: Entry = JSON.parse(String(row['entry']));
  return entry;
}

function readCall(row: Readonly<Record<string, unknown>>): PendingCall {
  return {
    conversionId: String(row['conversion_id']),
    backendKey: String(row['backend_key']),
    action: row['action'] === 'cancel' ? 'cancel' : 'remove',
  };
}

/** The calls for an entry that is removed permanently: its backend removes the conversion too, unless its MP3 was saved. */
export function callsFor(entry: Entry): readonly PendingCall[] {
  const conversionId = conversionIdOf(entry);
  if (conversionId === undefined || entry.step.kind === 'saved') return [];
  return [{ conversionId, backendKey: entry.backendKey, action: 'remove' }];
}

/** The name of the saved MP3. */
export function savedName({ step }: Entry): string | undefined {
  return step.kind === 'saved' ? basename(step.file) : undefined;
}

function savedMeasures({ step }: Entry): { seconds: number; bytes: number } {
  return step.kind === 'saved'
    ? { seconds: step.result.durationSeconds, bytes: step.result.bytes }
    : { seconds: 0, bytes: 0 };
}

/** The form in which names are searched: without case and accents. */
export function foldName(name: string): string {
  return name.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase();
}
