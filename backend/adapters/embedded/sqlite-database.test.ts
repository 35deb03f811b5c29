import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isAppError } from '../../../shared/errors.ts';
import { openSqliteDatabase, type SqliteDatabase, translateSqliteError } from './sqlite-database.ts';

const notes = "CREATE TABLE notes (id INTEGER PRIMARY KEY, word TEXT NOT NULL UNIQUE CHECK (word <> '')) STRICT";

describe('a SQLite database', () => {
  let folder: string;
  let file: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'soundlift-sqlite-'));
    file = path.join(folder, 'test.db');
  });
  afterEach(() => rm(folder, { recursive: true }));

  function valueOf(database: SqliteDatabase, sql: string): unknown {
    return Object.values(database.prepare(sql).get() ?? {})[0];
  }

  it('writes ahead, waits for the disk at each commit, and for other writers', () => {
    using database = openSqliteDatabase(file, []);
    expect(valueOf(database, 'PRAGMA journal_mode')).toBe('wal');
    // 2 is FULL, https://www.sqlite.org/pragma.html#pragma_synchronous
    expect(valueOf(database, 'PRAGMA synchronous')).toBe(2);
    expect(valueOf(database, 'PRAGMA foreign_keys')).toBe(1);
    expect(valueOf(database, 'PRAGMA busy_timeout')).toBe(15_000);
  });

  it('makes a Mac write its own memory to the disk as well', () => {
    using database = openSqliteDatabase(path.join(folder, 'mac.db'), []);
    for (const setting of ['fullfsync', 'checkpoint_fullfsync']) {
      expect(database.prepare(`PRAGMA ${setting}`).get()).toEqual({ [setting]: 1 });
    }
  });

  it('gives access only to its owner, for all of its files', async () => {
    using database = openSqliteDatabase(file, [notes]);
    database.prepare('INSERT INTO notes (word) VALUES (?)').run('one');
    const names = (await readdir(folder)).toSorted();
    expect(names).toEqual(['test.db', 'test.db-shm', 'test.db-wal']);
    for (const name of names) expect((await stat(path.join(folder, name))).mode & 0o777).toBe(0o600);
  });

  it('prepares the same statement once', () => {
    using database = openSqliteDatabase(file, []);
    expect(database.prepare('SELECT 1')).toBe(database.prepare('SELECT 1'));
  });

  describe('and its migrations', () => {
    it('runs each once, in their order', () => {
      const first = [notes, "INSERT INTO notes (word) VALUES ('one')"];
      const second = [...first, "INSERT INTO notes (word) VALUES ('two')", 'ALTER TABLE notes ADD COLUMN shade TEXT'];
      for (const migrations of [first, first, second, second]) {
        using database = openSqliteDatabase(file, migrations);
        expect(valueOf(database, 'PRAGMA user_version')).toBe(migrations.length);
      }
      using database = openSqliteDatabase(file, second);
      expect(database.prepare('SELECT word, shade FROM notes ORDER BY id').all()).toEqual([
        { word: 'one', shade: null },
        { word: 'two', shade: null },
      ]);
    });

    it('undoes all migrations if one of them fails', () => {
      openSqliteDatabase(file, [notes])[Symbol.dispose]();
      const works = "INSERT INTO notes (word) VALUES ('one'); CREATE TABLE half (id INTEGER)";
      expect(codeOf(() => openSqliteDatabase(file, [notes, works, 'INSERT INTO missing VALUES (1)']))).toBe(
        'data_unusable',
      );
      using database = openSqliteDatabase(file, [notes]);
      expect(valueOf(database, 'PRAGMA user_version')).toBe(1);
      expect(valueOf(database, 'SELECT count(*) FROM notes')).toBe(0);
      expect(valueOf(database, "SELECT count(*) FROM sqlite_master WHERE name = 'half'")).toBe(0);
    });

    it('does not take a bug in a migration for damage, in a new file', () => {
      expect(() => openSqliteDatabase(file, [notes, 'INSERT INTO missing VALUES (1)'])).toThrow('no such table');
      using database = openSqliteDatabase(file, [notes]);
      expect(valueOf(database, 'SELECT count(*) FROM notes')).toBe(0);
    });

    it('refuses a database of a newer program, and does not change it', () => {
      openSqliteDatabase(file, [notes, 'CREATE TABLE later (id INTEGER)'])[Symbol.dispose]();
      expect(codeOf(() => openSqliteDatabase(file, [notes]))).toBe('unsupported');
      using database = openSqliteDatabase(file, [notes, 'SELECT 1']);
      expect(valueOf(database, "SELECT count(*) FROM sqlite_master WHERE name = 'later'")).toBe(1);
    });
  });

  describe('and its errors', () => {
    it('throws taken for an existing key', () => {
      using database = openSqliteDatabase(file, [notes]);
      const insert = database.prepare('INSERT INTO notes (id, word) VALUES (?, ?)');
      insert.run(1, 'one');
      expect(codeOf(() => insert.run(1, 'two'))).toBe('taken');
      expect(codeOf(() => insert.run(2, 'one'))).toBe('taken');
    });

    it('does not translate a constraint error that only a bug can cause', () => {
      using database = openSqliteDatabase(file, [notes]);
      const insert = database.prepare('INSERT INTO notes (word) VALUES (?)');
      for (const word of ['', null]) expect(() => insert.run(word)).toThrow(/^(CHECK|NOT NULL) constraint failed/);
      expect(() => database.prepare('SELECT word FROM nowhere')).toThrow('no such table');
    });

    it('throws disk_full, and continues once there is space', () => {
      using database = openSqliteDatabase(file, [notes]);
      const insert = database.prepare('INSERT INTO notes (word) VALUES (?)');
      database.prepare('PRAGMA max_page_count = 8').get();
      expect(codeOf(() => insert.run('x'.repeat(100_000)))).toBe('disk_full');
      database.prepare('PRAGMA max_page_count = 1000').get();
      expect(insert.run('x'.repeat(100_000))).toBe(1);
    });

    it('throws unavailable once it is closed', () => {
      const database = openSqliteDatabase(file, [notes]);
      const select = database.prepare('SELECT * FROM notes');
      database[Symbol.dispose]();
      database[Symbol.dispose]();
      expect(codeOf(() => select.all())).toBe('unavailable');
      expect(codeOf(() => select.get())).toBe('unavailable');
      expect(codeOf(() => database.prepare('SELECT 1'))).toBe('unavailable');
    });

    it('throws data_unusable if it cannot be opened', () => {
      for (const place of [folder, path.join(folder, 'missing', 'test.db')]) {
        expect(codeOf(() => openSqliteDatabase(place, []))).toBe('data_unusable');
      }
    });

    it('throws unavailable if another process writes for too long', () => {
      using holder = new DatabaseSync(file);
      holder.exec('BEGIN EXCLUSIVE');
      using other = new DatabaseSync(file, { timeout: 0 });
      const error = errorOf(() => other.exec('BEGIN IMMEDIATE'));
      expect(translateSqliteError(error)).toMatchObject({ name: 'AppError', code: 'unavailable', cause: error });
    });

    it('does not change a file that is no database', async () => {
      await writeFile(file, 'x'.repeat(10_000));
      expect(() => openSqliteDatabase(file, [])).toThrow('test.db in it is damaged');
      expect(await readFile(file, 'utf8')).toBe('x'.repeat(10_000));
    });

    it('does not translate errors that are not from SQLite', () => {
      const error = new TypeError('a defect');
      expect(translateSqliteError(error)).toBe(error);
      expect(translateSqliteError('text')).toBe('text');
    });
  });
});

function errorOf(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

function codeOf(work: () => unknown): string | undefined {
  const error = errorOf(work);
  return isAppError(error) ? error.code : undefined;
}
