import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AppError } from '../../../shared/errors.ts';
import { type CommitGroups, groupCommits, type MakeRoom } from './commit-groups.ts';
import { openSqliteDatabase, type SqliteDatabase, type SqliteStatement } from './sqlite-database.ts';

const table = 'CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT';

let folder: string;
let database: SqliteDatabase;
let groups: CommitGroups;
/** Everything that was run, in order: statements and ended calls. */
let events: string[];
let makeRoom: MakeRoom;
/** The next COMMIT throws this instead of committing. */
let commitError: AppError | undefined;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'soundlift-groups-'));
  database = openSqliteDatabase(path.join(folder, 'notes.db'), [table]);
  events = [];
  commitError = undefined;
  makeRoom = () => false;
  groups = groupCommits(
    {
      prepare: (sql) => noting(sql, database.prepare(sql)),
      isTransaction: () => database.isTransaction(),
      skipped: database.skipped,
      [Symbol.dispose]: () => database[Symbol.dispose](),
    },
    (times) => makeRoom(times),
  );
});
afterEach(async () => {
  database[Symbol.dispose]();
  await rm(folder, { recursive: true });
});

function noting(sql: string, statement: SqliteStatement): SqliteStatement {
  return {
    ...statement,
    run(...values) {
      events.push(sql);
      if (sql === 'COMMIT' && commitError !== undefined) {
        const error = commitError;
        commitError = undefined;
        throw error;
      }
      return statement.run(...values);
    },
  };
}

async function insert(id: number): Promise<number> {
  const write = async (): Promise<number> => database.prepare('INSERT INTO notes VALUES (?, ?)').run(id, 'x');
  const written = (await groups.add('write', write)) as number;
  events.push(`inserted ${id}`);
  return written;
}

const count = async (): Promise<number> => Number(database.prepare('SELECT count(*) AS n FROM notes').get()?.['n']);
const full = new AppError('disk_full', 'There is no space left to store this.');

describe('calls that wait together', () => {
  it('are one transaction, and end after it is committed', async () => {
    expect(await Promise.all([insert(1), insert(2), insert(3)])).toEqual([1, 1, 1]);
    expect(events).toEqual(['BEGIN IMMEDIATE', 'COMMIT', 'inserted 1', 'inserted 2', 'inserted 3']);
  });

  it('are no transaction if they only read', async () => {
    await insert(1);
    events = [];
    expect(await Promise.all([groups.add('read', count), groups.add('read', count)])).toEqual([1, 1]);
    expect(events).toEqual([]);
  });

  it('fail without undoing the others', async () => {
    await insert(2);
    const ended = await Promise.allSettled([insert(1), insert(2), insert(3)]);
    expect(ended.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(await count()).toBe(3);
  });

  it('run one by one if their transaction cannot be committed', async () => {
    commitError = full;
    expect(await Promise.all([insert(1), insert(2)])).toEqual([1, 1]);
    expect(events).toEqual(['BEGIN IMMEDIATE', 'COMMIT', 'ROLLBACK', 'inserted 1', 'inserted 2']);
    expect(await count()).toBe(2);
  });

  it('run one by one if one of them makes SQLite roll back the transaction', async () => {
    const failing = groups.add('write', async () => {
      if (database.isTransaction()) database.prepare('ROLLBACK').run();
      throw full;
    });
    const ended = await Promise.allSettled([insert(1), failing, insert(2)]);
    expect(ended.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(events).not.toContain('COMMIT');
    expect(await count()).toBe(2);
  });

  it('are tried again while room can be made for them, and each of them by itself', async () => {
    const asked: number[] = [];
    let isFull = true;
    makeRoom = (times) => {
      asked.push(times);
      isFull = times < 2;
      return true;
    };
    const write = async (): Promise<number> => {
      if (isFull) throw full;
      return await count();
    };
    commitError = full;
    expect(await Promise.all([insert(1), groups.add('write', write), insert(2)])).toEqual([1, 1, 1]);
    expect([asked, await count()]).toEqual([[0, 1, 2], 2]);
  });

  it('fail if no more room can be made, or if they only read', async () => {
    const asked: number[] = [];
    makeRoom = (times) => {
      asked.push(times);
      return times < 1;
    };
    const reject = (): Promise<never> => Promise.reject(full);
    await expect(groups.add('write', reject)).rejects.toBe(full);
    expect(asked).toEqual([0, 1]);
    await expect(groups.add('read', reject)).rejects.toBe(full);
    await expect(groups.add('list', reject)).rejects.toBe(full);
    expect(asked).toEqual([0, 1]);
  });

  it('read a portion of a list only once, outside of transactions', async () => {
    let portions = 0;
    const list = groups.add('list', async () => {
      portions += 1;
      return database.isTransaction();
    });
    commitError = full;
    const [first, inTransaction, second] = await Promise.all([insert(1), list, insert(2)]);
    expect([first, inTransaction, second, portions]).toEqual([1, false, 1, 1]);
  });

  it('take effect in the order in which they were made', async () => {
    const call = fc.record({ kind: fc.constantFrom('add', 'double', 'read', 'list'), fails: fc.boolean() });
    await insert(0);
    await fc.assert(
      fc.asyncProperty(fc.array(call, { maxLength: 30 }), fc.nat(3), async (calls, failingCommits) => {
        database.prepare('UPDATE notes SET text = 1').run();
        let expected = 1;
        const wanted: (number | string)[] = [];
        const got = calls.map(({ kind, fails }, index) => {
          if (index < failingCommits) commitError = full;
          if (kind === 'add') expected += 1;
          if (kind === 'double') expected = (expected * 2) % 1009;
          wanted.push(fails ? 'failed' : expected);
          const change = kind === 'add' ? 'text + 1' : '(text * 2) % 1009';
          const isRead = kind === 'read' || kind === 'list';
          return groups.add(isRead ? kind : 'write', async () => {
            if (!isRead) database.prepare(`UPDATE notes SET text = ${change}`).run();
            if (fails) throw new Error('failed');
            return Number(database.prepare('SELECT text FROM notes').get()?.['text']);
          });
        });
        const ended = await Promise.all(got.map((one) => one.catch((error: unknown) => (error as Error).message)));
        expect(ended).toEqual(wanted);
      }),
      { numRuns: 50 },
    );
  });
});

it('idle resolves once all calls have ended', async () => {
  const ended: number[] = [];
  for (const id of [1, 2, 3]) void insert(id).then(() => ended.push(id));
  await groups.idle();
  expect(ended).toEqual([1, 2, 3]);
});
