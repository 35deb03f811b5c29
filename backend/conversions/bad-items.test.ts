import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AppError } from '../../shared/errors.ts';
import { openConversionsDatabase } from '../adapters/embedded/conversions-database.ts';
import { makeTestConversions, type TestConversions, tidyForAnHour } from '../tests/test-conversions.ts';
import type { Work } from './conversion-work.ts';

const day = 24 * 3600;
const intake = { fileName: 'talk.mp4', options: { format: 'mp3' } } as const;
const result = { fileName: 'talk.mp3', bytes: 3, durationSeconds: 2, sha256: 'ab', peaks: [] };

let test: TestConversions;
beforeEach(async () => {
  test = await makeTestConversions({ sendsMail: true });
});
afterEach(() => test[Symbol.asyncDispose]());

async function* bytes(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

async function upload(owner = 'anna', batch: { batchId?: string; batchSize?: number } = {}): Promise<string> {
  return (await (await test.conversions.owned.receive(owner, { ...intake, ...batch }, bytes('video'))).accept()).id;
}

async function takeNext(): Promise<string | undefined> {
  const taken = await test.conversions.work.take();
  if (taken.kind !== 'work') return undefined;
  await using work = taken.work;
  await test.mp3s.append(`${work.row.id}-1`, work.row.revision, 0, bytes('mp3'), {
    conversionId: work.row.id,
    owner: work.row.owner,
    fileName: 'talk.mp3',
  });
  await test.mp3s.finish(`${work.row.id}-1`, work.row.revision);
  await work.finish(result, []);
  return work.row.id;
}

/** Changes the database as a broken disk or another program would. */
function damage(sql: string, ...values: readonly (string | number | bigint)[]): void {
  using database = new DatabaseSync(join(test.folder, 'conversions.db'));
  database.prepare(sql).run(...values);
}

function read(sql: string, ...values: readonly (string | number)[]) {
  using database = new DatabaseSync(join(test.folder, 'conversions.db'));
  return database.prepare(sql).all(...values);
}

/** A row that must not say what it says: a field is missing, has a wrong type, or the body is no JSON at all. */
function arbitraryDamage(body: string): fc.Arbitrary<string> {
  const row: Record<string, unknown> = JSON.parse(body);
  const fields = Object.keys(row);
  const wrong = fc.constantFrom<unknown>(null, 7, -1, 'x', '', [], {}, true, { kind: 'x' }, [null], 'NaN');
  return fc.oneof(
    fc.nat(body.length - 1).map((length) => body.slice(0, length)),
    fc.nat(body.length - 1).map((place) => `${body.slice(0, place)}\u0000${body.slice(place + 1)}`),
    fc.constantFrom('', 'null', '[]', '7', '"x"', '{}'),
    fc.constantFrom(...fields).map((field) => JSON.stringify({ ...row, [field]: undefined })),
    fc.tuple(fc.constantFrom(...fields), wrong).map(([field, value]) => JSON.stringify({ ...row, [field]: value })),
  );
}

describe('a row that cannot be read', () => {
  it('at the head of the queue lets the next one go first', async () => {
    const [bad, good] = [await upload(), await upload('bert')];
    damage("UPDATE conversions SET body = '{' WHERE id = ?", bad);
    expect(await takeNext()).toBe(good);
    expect(await takeNext()).toBeUndefined();
    expect(test.skippedItems).toEqual([`conversion ${bad}`]);
    expect(await test.store.countActive()).toEqual({ uploading: 0, queued: 0, converting: 0 });
  });

  it('stays stored as it is, with its video, and is read again after the next start if it was mended', async () => {
    const id = await upload();
    const [before] = read('SELECT body FROM conversions WHERE id = ?', id);
    damage("UPDATE conversions SET body = 'x' || body WHERE id = ?", id);
    await test.conversions.sweeper.recover();
    expect(await takeNext()).toBeUndefined();
    test.pass(31 * day);
    await test.conversions.sweeper.tidy();
    expect(read('SELECT body FROM conversions WHERE id = ?', id)).toEqual([{ body: `x${String(before?.['body'])}` }]);
    expect(await readdir(join(test.folder, 'videos'))).toEqual([id]);
    damage('UPDATE conversions SET body = substr(body, 2) WHERE id = ?', id);
    openConversionsDatabase(join(test.folder, 'conversions.db'))[Symbol.dispose]();
    expect(await takeNext()).toBe(id);
  });

  // From 2^51 on, SQLite does not store numbers as integers. From 2^53 on, numbers cannot hold all integers.
  const largeIntegers = [
    2n ** 51n,
    2n ** 53n - 1n,
    2n ** 53n,
    2n ** 60n,
    2n ** 63n - 1n,
    -(2n ** 53n) + 1n,
    -(2n ** 63n),
  ];
  it.each(['attempt', 'revision', 'turn', 'change', 'batch_size'])(
    'because its %s is too large an integer stops nobody',
    async (column) => {
      const { owned, changes, sweeper, batches } = test.conversions;
      for (const value of largeIntegers) {
        for (const state of ['queued', 'done', 'removed']) {
          const owner = `${state} ${value}`;
          const bad = await upload(owner, { batchId: 'batch', batchSize: 2 });
          const good = await upload(owner, { batchId: 'batch', batchSize: 2 });
          const { position } = await test.store.changes({ owner, limit: 1 });
          if (state !== 'queued') expect(await takeNext()).toBe(bad);
          if (state === 'removed') await owned.remove(owner, bad);
          damage(`UPDATE conversions SET ${column} = ? WHERE id = ?`, value, bad);

          const ended = [await takeNext(), await takeNext()];
          expect([owner, ended]).toEqual([owner, expect.arrayContaining([good])]);
          expect((await owned.page({ owner, limit: 100 })).items.map(({ id }) => id)).toContain(good);
          await test.store.changesAfter({ owner, since: position, limit: 100 });
          expect((await changes.since(owner)).truncated).toBe(false);
          await owned.get(owner, bad).catch((error: unknown) => expect(error).toMatchObject({ code: 'not_found' }));
          await sweeper.recover();
          await sweeper.tidy();
          test.pass(600);
          await batches.tellOfEnds();
          const told = await test.conversions.notifications.page({ owner, limit: 100 });
          expect(told.items.flatMap(({ conversionIds }) => conversionIds)).toContain(good);
          expect(told.items).toHaveLength(1);
          await owned.removeAll(owner);
          expect(read('SELECT id FROM conversions WHERE owner = ? AND removed_at IS NULL', owner)).toEqual([]);
        }
      }
      expect(test.skippedItems.filter((item) => !item.startsWith('conversion '))).toEqual([]);
      expect(new Set(test.skippedItems).size).toBe(test.skippedItems.length);
    },
    120_000,
  );

  it('of any kind and in any state stops nothing behind it', async () => {
    let run = 0;
    const states = ['uploading', 'queued', 'converting', 'done', 'failed', 'cancelled'] as const;
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...states), fc.infiniteStream(fc.nat()), async (state, seeds) => {
        run += 1;
        const owner = `owner ${run}`;
        const batch = { batchId: `batch ${run}`, batchSize: 2 };
        const [bad, good] = [await upload(owner, batch), await upload(owner, batch)];
        if (state !== 'queued') {
          damage(
            `UPDATE conversions SET state = ?, ended_at = ?, turn = NULL,
               body = json_set(body, '$.state', ?, '$.endedAt', ?, '$.upload', json_object('expiresAt', ?), '$.result', json(?))
             WHERE id = ?`,
            ...[state, '2026-05-04T03:02:01.000Z', state, '2026-05-04T03:02:01.000Z', '2026-05-04T03:02:01.000Z'],
            ...[JSON.stringify(result), bad],
          );
        }
        const [{ body } = { body: '' }] = read('SELECT body FROM conversions WHERE id = ?', bad);
        const [damaged] = fc.sample(arbitraryDamage(String(body)), { numRuns: 1, seed: seeds.next().value ?? 0 });
        damage('UPDATE conversions SET body = ? WHERE id = ?', damaged ?? '', bad);

        const { sweeper, owned, changes, batches } = test.conversions;
        await sweeper.recover();
        for (let round = 0; round < 5; round += 1, test.pass(60)) await sweeper.round();
        // An upload expires once it has been due for an hour.
        test.pass(3600);
        await sweeper.round();
        const ended: (string | undefined)[] = [await takeNext(), await takeNext(), await takeNext()];
        const { items } = await owned.page({ owner, limit: 100 });
        const [row] = read('SELECT state FROM conversions WHERE id = ?', good);
        expect([damaged, ended, row]).toEqual([damaged, expect.arrayContaining([good]), { state: 'done' }]);
        expect(items.map(({ id }) => id)).toContain(good);
        expect((await changes.since(owner)).truncated).toBe(false);
        test.pass(600);
        await batches.tellOfEnds();
        const told = await test.conversions.notifications.page({ owner, limit: 100 });
        expect([
          damaged,
          told.items.flatMap(({ conversionIds }) => conversionIds),
          test.skippedItems.slice(-3),
        ]).toEqual([damaged, expect.arrayContaining([good]), expect.anything()]);
        await sweeper.tidy();
        await owned.clear(owner);
        await owned.removeAll(owner);
        const visible = 'SELECT id, state FROM conversions WHERE owner = ? AND removed_at IS NULL';
        expect([damaged, read(visible, owner)]).toEqual([damaged, []]);
      }),
      { numRuns: 80 },
    );
    expect(test.skippedItems.every((item) => item.startsWith('conversion '))).toBe(true);
  }, 120_000);
});

describe('a row that cannot be written', () => {
  let ids: readonly string[];
  let works: Work[];
  beforeEach(async () => {
    ids = [await upload(), await upload('bert')];
    works = [];
    for (const id of ids) {
      const taken = await test.take(id);
      if (taken.kind !== 'work') throw new Error('not taken');
      works.push(taken.work);
    }
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    for (const work of works) await work[Symbol.asyncDispose]();
  });

  function refuseTheFirst(): void {
    const { replace } = test.store;
    vi.spyOn(test.store, 'replace').mockImplementation(async (row, next) => {
      if (row.id === ids[0]) throw new AppError('unavailable', 'The database cannot be reached.');
      return await replace(row, next);
    });
  }

  it('does not keep the rows behind it from being taken over at a start', async () => {
    refuseTheFirst();
    await test.conversions.sweeper.recover();
    const states = await Promise.all(ids.map(async (id) => (await test.store.get(id))?.state));
    expect(states).toEqual(['converting', 'queued']);
    expect(test.skippedItems).toEqual([`conversion ${ids[0]}`]);
  });

  it('does not keep the rows behind it from expiring', async () => {
    for (const work of works) await work.fail(new AppError('no_audio', 'There is no sound in it.'));
    refuseTheFirst();
    test.pass(day);
    await tidyForAnHour(test);
    const expired = await Promise.all(ids.map(async (id) => (await test.store.get(id))?.sourceGone));
    expect(expired).toEqual([undefined, true]);
    expect(test.skippedItems).toContain(`conversion ${ids[0]}`);
  });
});

describe('a file that cannot be removed', () => {
  afterEach(() => void vi.useRealTimers());

  async function blockedBlob(folder: 'videos' | 'mp3s', name: string): Promise<void> {
    const place = join(test.folder, folder, name);
    await rm(place, { force: true });
    await mkdir(place);
    await writeFile(join(place, 'inside'), 'x');
  }

  it.each(['when it starts', 'in its rounds'])('does not keep the sweeper from the rows behind it %s', async (when) => {
    // No holder renews its lease.
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const lost = await test.conversions.owned.receive('anna', intake, bytes('lost'));
    void lost;
    const [first = ''] = await readdir(join(test.folder, 'videos'));
    await blockedBlob('videos', first);
    const behind = await upload('bert');
    const taken = await test.take(behind);
    if (taken.kind !== 'work') throw new Error('not taken');
    await taken.work[Symbol.asyncDispose]();
    const { sweeper } = test.conversions;
    if (when === 'when it starts') await sweeper.recover();
    else for (let round = 0; round < 4; round += 1, test.pass(5)) await sweeper.round();
    expect((await test.store.get(behind))?.state).toBe('queued');
    expect(new Set(test.skippedItems)).toEqual(new Set([`blob ${first}`]));
    expect((await test.conversions.owned.page({ owner: 'anna', limit: 10 })).items).toEqual([]);
  });

  it('does not keep others from being removed, and goes once it can', async () => {
    for (const name of ['a', 'm', 'z']) await blockedBlob('videos', name);
    for (const name of ['b', 'n']) await writeFile(join(test.folder, 'videos', name), 'x');
    await blockedBlob('mp3s', 'a-1');
    await writeFile(join(test.folder, 'mp3s', 'b-1'), 'x');
    await test.conversions.sweeper.tidy();
    expect((await readdir(join(test.folder, 'videos'))).toSorted()).toEqual(['a', 'm', 'z']);
    expect(await readdir(join(test.folder, 'mp3s'))).toEqual(['a-1']);
    expect(test.skippedItems.toSorted()).toEqual(['blob a', 'blob a-1', 'blob m', 'blob z']);
    await rm(join(test.folder, 'videos', 'm', 'inside'));
    await rm(join(test.folder, 'videos', 'm'), { recursive: true });
    await writeFile(join(test.folder, 'videos', 'm'), 'x');
    test.pass(3600);
    await test.conversions.sweeper.tidy();
    expect((await readdir(join(test.folder, 'videos'))).toSorted()).toEqual(['a', 'z']);
  });

  it('does not keep others from being removed when they expire', async () => {
    const ids = [await upload(), await upload('bert')];
    for (const id of ids) {
      const taken = await test.take(id);
      if (taken.kind !== 'work') throw new Error('not taken');
      await taken.work.fail(new AppError('no_audio', 'There is no sound in it.'));
      await taken.work[Symbol.asyncDispose]();
    }
    const [first = ''] = ids;
    await blockedBlob('videos', first);
    test.pass(day);
    await tidyForAnHour(test);
    expect(await readdir(join(test.folder, 'videos'))).toEqual([first]);
    expect(test.skippedItems).toContain(`blob ${first}`);
  });

  it('does not keep a conversion from being removed, or its other file', async () => {
    const id = await upload();
    expect(await takeNext()).toBe(id);
    const other = await upload();
    expect(await takeNext()).toBe(other);
    await blockedBlob('videos', id);
    await test.conversions.owned.clear('anna');
    expect((await test.conversions.owned.page({ owner: 'anna', limit: 10 })).items).toEqual([]);
    expect(await readdir(join(test.folder, 'mp3s'))).toEqual([]);
    expect(test.skippedItems).toEqual([`blob ${id}`]);
  });
});

describe('a notification that cannot be read', () => {
  it('is left out of lists, and the mails behind it are sent', async () => {
    for (const owner of ['anna', 'anna', 'anna']) {
      await upload(owner);
      await takeNext();
      await test.conversions.batches.tellOfEnds();
      test.pass(1);
    }
    const { items } = await test.conversions.notifications.page({ owner: 'anna', limit: 10 });
    const [newest = { id: '' }, middle = { id: '' }, oldest = { id: '' }] = items;
    damage("UPDATE notifications SET body = '{' WHERE id = ?", oldest.id);
    damage("UPDATE notifications SET body = json_set(body, '$.notification.conversionIds', 7) WHERE id = ?", middle.id);
    const left = await test.conversions.notifications.page({ owner: 'anna', limit: 10 });
    expect(left.items.map(({ id }) => id)).toEqual([newest.id]);
    const { position } = await test.notifications.changes({ owner: 'nobody', limit: 1 });
    damage('UPDATE notifications SET read_at = NULL');
    const changed = await test.notifications.changes({ owner: 'anna', since: position, limit: 10 });
    expect([changed.items.map(({ id }) => id), changed.complete]).toEqual([[newest.id], true]);
    const owed: string[] = [];
    for await (const { notification } of test.conversions.mails.list()) owed.push(notification.id);
    expect(owed).toEqual([newest.id]);
    expect(new Set(test.skippedItems)).toEqual(new Set([`notification ${oldest.id}`, `notification ${middle.id}`]));
    await test.conversions.notifications.removeAll('anna');
    expect(read('SELECT id FROM notifications')).toEqual([]);
  });
});
