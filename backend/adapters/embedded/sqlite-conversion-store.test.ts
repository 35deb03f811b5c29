import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { exampleConversion, exampleEnded } from '../../ports/conversion-examples.ts';
import { describeConversionStore } from '../../ports/conversion-store.contract.ts';
import { rememberPlans } from '../../tests/stores/query-plans.ts';
import { steppedStore } from '../../tests/stores/stepped-store.ts';
import { openConversionsDatabase } from './conversions-database.ts';
import { createSqliteConversionStore } from './sqlite-conversion-store.ts';
import type { SqliteDatabase } from './sqlite-database.ts';

describeConversionStore('SQLite', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'soundlift-conversions-'));
  const file = path.join(folder, 'conversions.db');
  let database = openConversionsDatabase(file);
  return {
    store: createSqliteConversionStore(database),
    stepped: (step) => steppedStore(database, createSqliteConversionStore, step),
    async reopen() {
      database[Symbol.dispose]();
      database = openConversionsDatabase(file);
      return createSqliteConversionStore(database);
    },
    async takeAway() {
      database[Symbol.dispose]();
    },
    async dispose() {
      database[Symbol.dispose]();
      await rm(folder, { recursive: true });
    },
  };
});

describe('conversions in SQLite', () => {
  let folder: string;
  let database: SqliteDatabase;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'soundlift-conversions-'));
    database = openConversionsDatabase(path.join(folder, 'conversions.db'));
  });
  afterEach(async () => {
    database[Symbol.dispose]();
    await rm(folder, { recursive: true });
  });

  it('are found by an index, in its order, by every query', async () => {
    const planned = rememberPlans(database);
    const store = createSqliteConversionStore(planned);
    const row = exampleConversion();
    await store.insert(row);
    await store.insert(exampleConversion());
    const { next = '' } = await store.page({ owner: 'anna', limit: 1 });
    for (const cursor of [{}, { cursor: next }]) {
      for (const state of [{}, { state: 'queued' as const }]) {
        for (const batch of [{}, { batchId: 'batch' }]) {
          await store.page({ owner: 'anna', limit: 1, ...cursor, ...state, ...batch });
        }
      }
    }
    const { position } = await store.changes({ owner: 'anna', limit: 1 });
    await store.changes({ owner: 'anna', since: position, limit: 1 });
    for (const kind of ['working', 'queued', 'ended'] as const) await store.scan(kind)[Symbol.asyncIterator]().next();

    const plans = planned.plans();
    // Twelve stored statements, two of the sweeper, five of the changes, eight pages, three scans.
    expect(plans.filter(({ steps }) => steps.length > 0)).toHaveLength(30);
    for (const { sql, steps } of plans) {
      for (const step of steps) {
        expect(step, sql).toMatch(
          /^(SEARCH (conversions|changes|starts|this|other) USING (COVERING |INTEGER PRIMARY )?(INDEX|KEY) |SCAN conversions USING INDEX conversions_by_turn$|SEARCH starts$|SCALAR SUBQUERY \d$|MERGE \(UNION ALL\)$|LEFT$|RIGHT$|LIST SUBQUERY|SCAN json_each|CREATE BLOOM|SCAN CONSTANT ROW$|CO-ROUTINE |SCAN \(subquery-\d+\)$)/,
        );
      }
    }
    const ofOneOwner = plans.filter(({ sql }) => /^SELECT body.*owner = \?/.test(sql));
    expect(ofOneOwner).toHaveLength(11);
    for (const { sql, steps } of ofOneOwner) {
      const narrowed = sql.includes('batch_id = ?') ? 'batch_id' : sql.includes('state = ?') ? 'state' : undefined;
      const words = narrowed === undefined ? '(owner=?' : `(owner=? AND ${narrowed}=?`;
      const expected = sql.includes('change > ?') ? '(owner=? AND change>?' : words;
      expect(steps, sql).toEqual([expect.stringContaining(expected)]);
    }
    const stepsOf = (words: string): readonly string[] => plans.find(({ sql }) => sql.includes(words))?.steps ?? [];
    expect(stepsOf('INSERT').filter((step) => step.startsWith('SEARCH'))).toEqual([
      expect.stringContaining('INDEX conversions_turns_of_owner (owner=? AND turn>?)'),
      expect.stringContaining('INDEX conversions_taken (turn>?)'),
    ]);
    expect(stepsOf('INDEXED BY conversions_by_due_time')).toEqual([
      'SEARCH conversions USING INDEX conversions_by_due_time (not_before>?)',
    ]);
    expect(stepsOf('(other.turn, other.owner) <')[1]).toBe(
      'SEARCH other USING COVERING INDEX conversions_by_turn (turn<?)',
    );
    expect(stepsOf('AND owner = ? AND coalesce(batch_id, id) > ?')).toEqual([
      'SEARCH conversions USING INDEX conversions_untold_batches (owner=? AND <expr>>?)',
    ]);
    expect(stepsOf('AND owner > ?')).toEqual(['SEARCH conversions USING INDEX conversions_untold_batches (owner>?)']);
    const summary = plans.find(({ sql }) => sql.includes('AS untold'));
    expect(summary?.steps).toEqual([
      'SEARCH conversions USING COVERING INDEX conversions_of_batch (owner=? AND batch_id=?)',
    ]);
  });

  it('let other work run during a long scan', async () => {
    const store = createSqliteConversionStore(database);
    for (let index = 0; index < 1000; index++) await store.insert(exampleConversion());
    let turns = 0;
    let scanning = true;
    const others = (async () => {
      while (scanning) {
        await setImmediate();
        turns++;
      }
    })();
    for await (const _ of store.scan('queued')) void _;
    scanning = false;
    await others;
    expect(turns).toBeGreaterThanOrEqual(5);
  });

  it('number their changes without a gap, and return the changes after a number', async () => {
    const store = createSqliteConversionStore(database);
    const number = async (): Promise<number> =>
      Number((await store.changes({ owner: 'anna', limit: 1 })).position.split('.')[1]);
    expect(await number()).toBe(0);
    const row = exampleEnded('cancelled');
    await store.insert(row);
    await store.insert(exampleEnded('done', { owner: 'bert' }));
    expect(await number()).toBe(2);
    const { position } = await store.changes({ owner: 'anna', limit: 1 });
    expect((await store.changes({ owner: 'anna', since: position, limit: 1 })).items).toEqual([]);
    await store.replace(row, { ...row, revision: 2 });
    await store.replace(row, { ...row, revision: 2 });
    expect(await number()).toBe(3);
    expect((await store.changes({ owner: 'anna', since: position, limit: 1 })).items).toHaveLength(1);
  });

  it('cannot be read since a number that was not given out yet', async () => {
    const store = createSqliteConversionStore(database);
    const { position } = await store.changes({ owner: 'anna', limit: 1 });
    const since = position.replace(/0$/, '1');
    expect(await store.changes({ owner: 'anna', since, limit: 1 })).toMatchObject({ complete: false });
    await store.insert(exampleConversion());
    expect(await store.changes({ owner: 'anna', since, limit: 1 })).toMatchObject({ complete: true });
  });

  it('cannot be read since a lost change, once the folder was restored from a copy', async () => {
    const file = path.join(folder, 'conversions.db');
    const insert = (): Promise<boolean> => createSqliteConversionStore(database).insert(exampleEnded('done'));
    const position = async (): Promise<string> =>
      (await createSqliteConversionStore(database).changes({ owner: 'anna', limit: 1 })).position;
    const open = (): void => {
      database[Symbol.dispose]();
      database = openConversionsDatabase(file);
    };
    await insert();
    open();
    await insert();
    const before = await position();
    database[Symbol.dispose]();
    await copyFile(file, `${file}.copy`);
    open();
    await insert();
    const lost = [await position()];
    open();
    await insert();
    lost.push(await position());

    database[Symbol.dispose]();
    await copyFile(`${file}.copy`, file);
    open();
    for (let count = 0; count < 5; count++) await insert();
    const store = createSqliteConversionStore(database);
    expect(await store.changes({ owner: 'anna', since: before, limit: 10 })).toMatchObject({ complete: true });
    expect((await store.changes({ owner: 'anna', since: before, limit: 10 })).items).toHaveLength(5);
    for (const since of lost) {
      expect(await store.changes({ owner: 'anna', since, limit: 10 })).toMatchObject({ complete: false });
    }
  });

  it('cannot be read since a number of a start that continued beyond it in the restored copy', async () => {
    const file = path.join(folder, 'conversions.db');
    const store = createSqliteConversionStore(database);
    await store.insert(exampleEnded('done'));
    database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get();
    await copyFile(file, `${file}.copy`);
    await store.insert(exampleEnded('done'));
    const { position: since } = await store.changes({ owner: 'anna', limit: 1 });
    database[Symbol.dispose]();
    await copyFile(`${file}.copy`, file);
    database = openConversionsDatabase(file);
    const again = createSqliteConversionStore(database);
    for (let count = 0; count < 5; count++) await again.insert(exampleEnded('done'));
    expect(await again.changes({ owner: 'anna', since, limit: 10 })).toMatchObject({ complete: false });
  });

  it('store peaks separately from what lists read', async () => {
    const row = exampleEnded('done');
    await createSqliteConversionStore(database).insert(row);
    const stored = database.prepare('SELECT body, peaks FROM conversions').get();
    expect(stored?.['body']).toContain('"peaks":[]');
    expect(stored?.['peaks']).toEqual(Uint8Array.from(row.result?.peaks ?? []));
  });
});
