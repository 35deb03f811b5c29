import { existsSync, renameSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { HistoryQuery } from '../../ipc.ts';
import type { Entry } from './entry.ts';

/** Where entries are kept: each write is durable when it returns. */
export interface EntriesDatabase extends Disposable {
  /** Those that are in the list, in its order. */
  listed(): readonly Entry[];
  get(id: string): Entry | undefined;
  /** Writes them all or none. */
  write(entries: readonly Entry[]): void;
  remove(ids: readonly string[]): void;
  /** The order of the next entry. */
  nextOrder(): number;
  /** Those that were saved, newest first. */
  saved(query: HistoryQuery): { readonly entries: readonly Entry[]; readonly found: number };
  savedTotals(): { readonly count: number; readonly seconds: number; readonly bytes: number };
  /** Removes those that are in the history alone, and takes the others out of it. */
  clearSaved(): void;
  /** The id of the last batch that was told of is kept until all of its entries are gone. */
  toldBatches(): ReadonlySet<string>;
  markTold(batchId: string): void;
  /** Absolute path of a file that could not be read and was set aside. */
  readonly setAside?: string;
}

/** Appended to, never edited. */
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
];

/** @param file absolute path; made where it is missing. One that is broken is renamed, and an empty one takes its place. */
export function openEntriesDatabase(file: string): EntriesDatabase {
  try {
    return withStatements(openAndMigrate(file));
  } catch (error) {
    if (!existsSync(file)) throw error;
    const setAside = `${file}.broken`;
    renameSync(file, setAside);
    for (const rest of ['-wal', '-shm']) rmSync(`${file}${rest}`, { force: true });
    return { ...withStatements(openAndMigrate(file)), setAside };
  }
}

function openAndMigrate(file: string): DatabaseSync {
  const database = new DatabaseSync(file);
  try {
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000');
    const check = database.prepare('PRAGMA quick_check(1)').get();
    if (check?.['quick_check'] !== 'ok') throw new Error('the database is damaged');
    const version = Number(database.prepare('PRAGMA user_version').get()?.['user_version']);
    if (version > migrations.length) throw new Error('the database is of a newer version');
    for (const [index, migration] of migrations.entries()) {
      if (index < version) continue;
      database.exec(`BEGIN IMMEDIATE; ${migration}; PRAGMA user_version = ${index + 1}; COMMIT`);
    }
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function withStatements(database: DatabaseSync): EntriesDatabase {
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
  const told = database.prepare('SELECT id FROM told_batches');
  const tell = database.prepare('INSERT OR IGNORE INTO told_batches (id) VALUES (?)');
  const unlist = database.prepare('UPDATE entries SET saved_at = NULL WHERE listed = 1 AND saved_at IS NOT NULL');
  const dropUnlisted = database.prepare('DELETE FROM entries WHERE listed = 0');

  function together(work: () => void): void {
    database.exec('BEGIN IMMEDIATE');
    try {
      work();
      database.exec('COMMIT');
    } catch (error) {
      database.exec('ROLLBACK');
      throw error;
    }
  }

  return {
    listed: () => listed.all().map(readEntry),
    get(id) {
      const row = one.get(id);
      return row === undefined ? undefined : readEntry(row);
    },
    write(entries) {
      together(() => {
        for (const entry of entries) {
          const { seconds, bytes } = savedMeasures(entry);
          const isListed = entry.isListed ? 1 : 0;
          const names = foldName(`${entry.source.fileName}\n${savedName(entry) ?? ''}`);
          const json = JSON.stringify(entry);
          put.run(entry.id, entry.order, isListed, entry.savedAt ?? null, names, seconds, bytes, json);
        }
      });
    },
    remove(ids) {
      together(() => {
        for (const id of ids) drop.run(id);
      });
    },
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
    toldBatches: () => new Set(told.all().map((row) => String(row['id']))),
    markTold: (batchId) => void tell.run(batchId),
    [Symbol.dispose]: () => database.close(),
  };
}

function readEntry(row: Readonly<Record<string, unknown>>): Entry {
  const entry: Entry = JSON.parse(String(row['entry']));
  return entry;
}

/** The MP3's name where it was saved. */
export function savedName({ step }: Entry): string | undefined {
  return step.kind === 'saved' ? step.file.split(/[\\/]/).at(-1) : undefined;
}

function savedMeasures({ step }: Entry): { seconds: number; bytes: number } {
  return step.kind === 'saved'
    ? { seconds: step.result.durationSeconds, bytes: step.result.bytes }
    : { seconds: 0, bytes: 0 };
}

/** As it is searched in: without regard to case, accents, and how they are written. */
export function foldName(name: string): string {
  return name.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase();
}
