import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { exampleConversion, exampleEnded } from '../../ports/conversion-examples.ts';
import { describeConversionStore } from '../../ports/conversion-store.contract.ts';
import { openStores } from '../../tests/stores/open-stores.ts';
import { rememberPlans } from '../../tests/stores/query-plans.ts';
import { steppedStore } from '../../tests/stores/stepped-store.ts';
import { openConversionsDatabase } from './conversions-database.ts';
import { createSqliteConversionStore } from './sqlite-conversion-store.ts';
import type { SqliteDatabase } from './sqlite-database.ts';

describeConversionStore('SQLite', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'soundlift-conversions-'));
  const file = path.join(folder, 'conversions.db');
  // Opened first: positions belong to the latest start.
  const database = openConversionsDatabase(file);
  let stores = await openStores('conversions', file);
  return {
    store: stores.conversions,
    stepped: (step) => steppedStore(database, createSqliteConversionStore, step),
    async reopen() {
      await stores[Symbol.asyncDispose]();
      stores = await openStores('conversions', file);
      return stores.conversions;
    },
    async takeAway() {
      await stores[Symbol.asyncDispose]();
    },
    async dispose() {
      database[Symbol.dispose]();
      await stores[Symbol.asyncDispose]();
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
    for (const kind of ['working', 'queued'] as const) await store.scan(kind)[Symbol.asyncIterator]().next();
    for await (const _ of store.scanExpired({ removed: '', ended: '', sources: '' })) void _;

    const plans = planned.plans();
    // Eighteen stored statements, two of the sweeper, five of the changes, eight pages, two scans, three of what has expired.
    expect(plans.filter(({ steps }) => steps.length > 0)).toHaveLength(38);
    for (const { sql, steps } of plans) {
      for (const step of steps) {
        expect(step, sql).toMatch(
          /^(SEARCH (conversions|changes|starts|this|last|other|grouped) USING (AUTOMATIC |COVERING |INTEGER PRIMARY )*(INDEX|KEY) |SCAN conversions USING (COVERING )?INDEX conversions_waiting$|SEARCH starts$|SCALAR SUBQUERY \d$|MERGE \(UNION ALL\)$|LEFT$|RIGHT$|LIST SUBQUERY|SCAN json_each|SCAN CONSTANT ROW$|CREATE BLOOM|CO-ROUTINE|MATERIALIZE \w+$|SCAN (wanted|counted|ranked|mine|other)$|SCAN \(subquery-\d+\)$|CORRELATED SCALAR SUBQUERY|USE TEMP B-TREE FOR (ORDER|GROUP) BY$)/,
        );
      }
    }
    const ofOneOwner = plans.filter(({ sql }) =>
      /^SELECT id, owner(?!.*(uploadKey|ORDER BY change)).*WHERE owner = \?/.test(sql),
    );
    expect(ofOneOwner).toHaveLength(10);
    for (const { sql, steps } of ofOneOwner) {
      const narrowed = sql.includes('batch_id = ?') ? 'batch_id' : sql.includes('state = ?') ? 'state' : undefined;
      const words = narrowed === undefined ? '(owner=?' : `(owner=? AND ${narrowed}=?`;
      const expected = sql.includes('change > ?') ? '(owner=? AND change>?' : words;
      expect(steps, sql).toEqual([expect.stringContaining(expected)]);
    }
    const stepsOf = (words: string): readonly string[] => plans.find(({ sql }) => sql.includes(words))?.steps ?? [];
    expect(stepsOf('uploadKey')).toEqual([
      'SEARCH conversions USING INDEX conversions_by_upload_key (owner=? AND <expr>=?)',
    ]);
    // The next row is the first in an index. Only the row that was taken last is read beside it.
    const lastTaken = 'SEARCH last USING COVERING INDEX conversions_taken (turn>?)';
    const nextRow = [
      ['AND owner > coalesce', 'SEARCH conversions USING INDEX conversions_waiting (owner>?)'],
      ['AND true AND', 'SCAN conversions USING INDEX conversions_waiting'],
      ['INDEXED BY conversions_by_due_time', 'SEARCH conversions USING INDEX conversions_by_due_time (not_before>?)'],
    ] as const;
    for (const [words, first] of nextRow) {
      const steps = stepsOf(words).filter((step) => !step.includes('SCALAR SUBQUERY'));
      expect(steps, words).toEqual([first, ...steps.slice(1).map(() => lastTaken)]);
    }
    // Only the wanted rows are read, and the rows between two of them are counted by the index. The whole queue is read once more,
    // to count the rows of each owner.
    expect(stepsOf('AS position').filter((step) => / conversions| other USING/.test(step))).toEqual([
      'SEARCH conversions USING INDEX sqlite_autoindex_conversions_1 (id=?)',
      'SEARCH other USING COVERING INDEX conversions_waiting (owner=? AND id>? AND id<?)',
      'SCAN conversions USING COVERING INDEX conversions_waiting',
      lastTaken,
    ]);
    expect(stepsOf('AS told')).toEqual([
      expect.stringMatching(/^SCAN json_each/),
      'SEARCH conversions USING INDEX sqlite_autoindex_conversions_1 (id=?)',
    ]);
    for (const index of ['removed', 'ended', 'with_sources']) {
      expect(stepsOf(`INDEXED BY conversions_${index}`)).toEqual([
        expect.stringMatching(`^SEARCH conversions USING INDEX conversions_${index} .*_at<\\?`),
      ]);
    }
    expect(stepsOf('AND owner = ? AND coalesce(batch_id, id) > ?')).toEqual([
      'SEARCH conversions USING INDEX conversions_untold_batches (owner=? AND <expr>>?)',
    ]);
    expect(stepsOf('AND owner > ?')).toEqual(['SEARCH conversions USING INDEX conversions_untold_batches (owner>?)']);
    const summary = plans.find(({ sql }) => sql.includes('AS untold'));
    expect(summary?.steps).toEqual([
      'SEARCH conversions USING COVERING INDEX conversions_of_batch (owner=? AND batch_id=?)',
    ]);
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
