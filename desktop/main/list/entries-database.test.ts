import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defaultOutputOptions } from '../../../shared/formats.ts';
import { foldName, openEntriesDatabase } from './entries-database.ts';
import type { Entry } from './entry.ts';

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'soundlift-entries-'));
  file = join(folder, 'list.sqlite');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function entry(order: number, fileName: string, more: Partial<Entry> = {}): Entry {
  return {
    id: String(order),
    order,
    source: { path: `/videos/${fileName}`, fileName, bytes: 100, subfolder: '' },
    batchId: 'b',
    batchSize: 1,
    options: defaultOutputOptions,
    backendKey: 'here',
    target: { kind: 'beside' },
    whenTaken: 'keep_both',
    step: { kind: 'new' },
    isHeld: false,
    furthest: 0,
    isListed: true,
    warnings: [],
    ...more,
  };
}

function saved(order: number, fileName: string): Entry {
  const result = { fileName, bytes: 1000, durationSeconds: 60, sha256: 'ab' };
  const step = { kind: 'saved', conversionId: 'c', result, file: `/videos/${fileName}.mp3` } as const;
  return entry(order, fileName, { step, savedAt: order, isListed: false, furthest: 1 });
}

describe('the entries', () => {
  it('are still there after a restart, in their order', () => {
    {
      using database = openEntriesDatabase(file);
      database.write([entry(2, 'b.mp4'), entry(1, 'a.mp4'), saved(3, 'c.mp4')]);
    }
    using database = openEntriesDatabase(file);
    expect(database.listed().map(({ source }) => source.fileName)).toEqual(['a.mp4', 'b.mp4']);
    expect(database.nextOrder()).toBe(4);
    expect(database.get('3')?.source.fileName).toBe('c.mp4');
  });

  it('are written together or not at all', () => {
    using database = openEntriesDatabase(file);
    const broken = { ...entry(2, 'b.mp4'), order: null as unknown as number };
    expect(() => database.write([entry(1, 'a.mp4'), broken])).toThrow();
    expect(database.listed()).toEqual([]);
  });

  it.each(['no database at all', 'SQLite format 3\0 and then nothing'])(
    'start empty if the file is damaged: %j',
    async (text) => {
      await writeFile(file, text);
      using database = openEntriesDatabase(file);
      expect(database.setAside).toBe(`${file}.broken`);
      expect((await stat(`${file}.broken`)).isFile()).toBe(true);
      database.write([entry(1, 'a.mp4')]);
      expect(database.listed()).toHaveLength(1);
    },
  );
});

describe('the history', () => {
  it('is searched by name, ignoring case, accents and wildcards', () => {
    using database = openEntriesDatabase(file);
    database.write([saved(1, 'Ständchen 100%'), saved(2, 'other_one'), saved(3, 'ﬁlm İstanbul'), entry(4, 'unsaved')]);
    const find = (search: string) =>
      database.saved({ search, offset: 0, limit: 10 }).entries.map(({ source }) => source.fileName);
    expect(find('')).toEqual(['ﬁlm İstanbul', 'other_one', 'Ständchen 100%']);
    expect(find('STANDCHEN')).toEqual(['Ständchen 100%']);
    expect(find('100%')).toEqual(['Ständchen 100%']);
    expect(find('%')).toEqual(['Ständchen 100%']);
    expect(find('_')).toEqual(['other_one']);
    expect(find('film istanbul')).toEqual(['ﬁlm İstanbul']);
    expect(find("'; DROP TABLE entries")).toEqual([]);
    expect(database.savedTotals()).toEqual({ count: 3, seconds: 180, bytes: 3000 });
  });

  it('is read in pages, and clearing it keeps entries of the list', () => {
    using database = openEntriesDatabase(file);
    database.write([
      ...Array.from({ length: 25 }, (_, index) => saved(index + 1, `${index}`)),
      { ...saved(99, 'listed'), isListed: true },
    ]);
    const page = database.saved({ search: '', offset: 20, limit: 10 });
    expect([page.entries.length, page.found]).toEqual([6, 26]);
    database.clearSaved();
    expect(database.savedTotals().count).toBe(0);
    expect(database.listed().map(({ source }) => source.fileName)).toEqual(['listed']);
  });
});

it('entries that were removed and not restored are gone after a restart, and their backend removes them too', () => {
  const step = { kind: 'failed', code: 'no_audio', message: 'No sound.', conversionId: 'c' } as const;
  {
    using database = openEntriesDatabase(file);
    database.write([entry(1, 'a.mp4', { isListed: false, step }), entry(2, 'b.mp4', { step }), saved(3, 'c.mp4')]);
  }
  using database = openEntriesDatabase(file);
  expect([1, 2, 3].map((id) => database.get(String(id)) !== undefined)).toEqual([false, true, true]);
  expect(database.pendingCalls()).toEqual([{ conversionId: 'c', backendKey: 'here', action: 'remove' }]);
});

it('keeps a call to a backend until it is dropped, and a removal replaces a cancellation', () => {
  {
    using database = openEntriesDatabase(file);
    database.write([entry(1, 'a.mp4')], [{ conversionId: 'c', backendKey: 'here', action: 'cancel' }]);
    database.remove(['1'], [{ conversionId: 'c', backendKey: 'here', action: 'remove' }]);
  }
  using database = openEntriesDatabase(file);
  expect(database.pendingCalls()).toEqual([{ conversionId: 'c', backendKey: 'here', action: 'remove' }]);
  database.dropCall('c');
  expect(database.pendingCalls()).toEqual([]);
});

it('keeps the entries and the calls of a file of version 2', () => {
  {
    using old = new DatabaseSync(file);
    old.exec(`
      CREATE TABLE entries (
        id TEXT PRIMARY KEY, position INTEGER NOT NULL, listed INTEGER NOT NULL, saved_at INTEGER, names TEXT NOT NULL,
        seconds REAL NOT NULL, bytes INTEGER NOT NULL, entry TEXT NOT NULL
      ) STRICT;
      CREATE TABLE told_batches (id TEXT PRIMARY KEY) STRICT;
      CREATE TABLE owed (conversion_id TEXT PRIMARY KEY, workplace TEXT NOT NULL, deed TEXT NOT NULL) STRICT;
      INSERT INTO owed VALUES ('c', 'https://sound.example.org you@example.org', 'cancel');
      PRAGMA user_version = 2;`);
    const { backendKey: workplace, ...others } = entry(1, 'ä "quoted".mp4', { furthest: 0.1, durationSeconds: 1e-7 });
    const insert = old.prepare('INSERT INTO entries VALUES (?, 1, 1, NULL, ?, 0, 0, ?)');
    insert.run('1', 'a.mp4', JSON.stringify({ ...others, workplace }));
  }
  using database = openEntriesDatabase(file);
  expect(database.setAside).toBeUndefined();
  expect(database.listed()).toEqual([entry(1, 'ä "quoted".mp4', { furthest: 0.1, durationSeconds: 1e-7 })]);
  expect(database.pendingCalls()).toEqual([
    { conversionId: 'c', backendKey: 'https://sound.example.org you@example.org', action: 'cancel' },
  ]);
});

it('a file that temporarily cannot be read is not set aside', async () => {
  openEntriesDatabase(file)[Symbol.dispose]();
  const holder = new DatabaseSync(file);
  holder.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
  expect(() => openEntriesDatabase(file)).toThrow(/locked/);
  holder.close();
  using database = openEntriesDatabase(file);
  expect(database.setAside).toBeUndefined();
});

it('a reported batch is remembered', () => {
  {
    using database = openEntriesDatabase(file);
    database.write([entry(1, 'a.mp4')]);
    database.markReported('b');
    database.markReported('b');
    database.markReported('whose entries are gone');
  }
  using database = openEntriesDatabase(file);
  expect([...database.reportedBatches()]).toEqual(['b']);
});

it.each([
  ['Straße', 'straße'],
  ['ÉCOLE', 'ecole'],
  ['が', 'か'],
])('%s is found as %s', (name, folded) => {
  expect(foldName(name)).toBe(folded);
});
