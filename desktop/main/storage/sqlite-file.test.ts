import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openSmallDisk, type SmallDisk } from '../../../backend/tests/running/small-disk.ts';
import { openSqliteFile, writeTogether } from './sqlite-file.ts';

let disk: SmallDisk;
let database: DatabaseSync;
beforeEach(async () => {
  disk = await openSmallDisk(512 * 1024);
  database = openSqliteFile(join(disk.here, 'app.sqlite'), (opened) =>
    opened.exec('CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL)'),
  );
});
afterEach(async () => {
  database.close();
  await disk[Symbol.asyncDispose]();
});

function put(id: number, text: string): void {
  writeTogether(database, () => {
    database.prepare('INSERT OR REPLACE INTO notes (id, text) VALUES (?, ?)').run(id, text);
  });
}

function texts(): readonly unknown[] {
  return database
    .prepare('SELECT text FROM notes ORDER BY id')
    .all()
    .map(({ text }) => text);
}

it('writes over its log on a full disk, which needs no space', async () => {
  put(1, 'first');
  database.exec('PRAGMA wal_checkpoint(PASSIVE)');
  await disk.fill();
  for (let count = 0; count < 20; count += 1) put(1, `changed ${count}`);
  expect(texts()).toEqual(['changed 19']);
});

it('refuses as a whole what does not fit, and goes on when there is space', async () => {
  put(1, 'first');
  await disk.fill();
  expect(() =>
    writeTogether(database, () => {
      const insert = database.prepare('INSERT INTO notes (text) VALUES (?)');
      for (let count = 0; count < 100; count += 1) insert.run('x'.repeat(10_000));
    }),
  ).toThrow(expect.objectContaining({ code: 'disk_full' }));
  expect(texts()).toEqual(['first']);
  await disk.empty();
  put(2, 'second');
  expect(texts()).toEqual(['first', 'second']);
});

it('rolls back and passes on what the work throws', () => {
  expect(() =>
    writeTogether(database, () => {
      database.exec("INSERT INTO notes (text) VALUES ('half')");
      throw new TypeError('a defect');
    }),
  ).toThrow(TypeError);
  expect(texts()).toEqual([]);
});
