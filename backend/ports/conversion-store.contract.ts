import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { exampleConversion, exampleEnded, exampleTime } from './conversion-examples.ts';
import type { ConversionRow, ConversionStore } from './conversion-store.ts';
import { describeConversionChanges } from './conversion-store-changes.contract.ts';
import { describeConversionLists } from './conversion-store-lists.contract.ts';
import { describeConversionTurns } from './conversion-store-turns.contract.ts';
import { describeUploadKeys } from './conversion-store-upload-keys.contract.ts';

/** An empty store, made by an adapter's test. */
export interface ConversionStoreUnderTest {
  readonly store: ConversionStore;
  /** The store of another process over the same data: see `SteppedStores`. */
  stepped(step: () => Promise<void>): ConversionStore;
  /** A second store over the same data, as after a restart. The first is no longer used. */
  reopen(): Promise<ConversionStore>;
  /** Makes the store's storage unavailable, like a server that is down. */
  takeAway(): Promise<void>;
  dispose(): Promise<void>;
}

/** A row with every field set. */
const full = exampleConversion({
  state: 'done',
  attempt: 3,
  revision: 41,
  fileName: 'Übung "1" – 音.mp4',
  source: {
    kind: 'file',
    path: '/home/anna/Übung.mp4',
    stamp: {
      inode: '18446744073709551615',
      bornMs: 0,
      modifiedNanoseconds: '1800000000000000000',
      bytes: 20_000_000_000,
    },
  },
  sourceBytes: 20_000_000_000,
  sourceGone: true,
  uploadKey: '0b0f7c3e-3c57-4d6e-9d21-0c8f6b0a5c11',
  batchId: 'batch',
  batchSize: 1_000_000,
  options: { format: 'mp3', bitrateKbps: 128, channels: 1, track: 2 },
  durationSeconds: 3601.25,
  tracks: [
    { index: 0, codec: 'aac', channels: 2, language: 'deu', title: 'Ton' },
    { index: 1, codec: 'opus', channels: 6 },
  ],
  progress: 0.123456789,
  notBefore: exampleTime,
  converter: 'a process',
  lostLeases: 2,
  ffmpegDeaths: 1,
  result: {
    fileName: 'Übung.mp3',
    bytes: 9_007_199_254_740_991,
    durationSeconds: 3601.24,
    sha256: 'f'.repeat(64),
    peaks: Array.from({ length: 400 }, (_, index) => index % 256),
  },
  error: { code: 'too_long', message: 'This is too long.', details: { limitSeconds: 43_200 } },
  warnings: [
    { code: 'cut_short', atSeconds: 1.5, ofSeconds: 3 },
    { code: 'gaps', atSeconds: 0.25, count: 3 },
  ],
  endedAt: exampleTime,
  notificationId: 'notification',
  removedAt: exampleTime,
});

/** Runs the contract of the port over the stores that `make` makes. */
export function describeConversionStore(name: string, make: () => Promise<ConversionStoreUnderTest>): void {
  describe(`${name}, as a ConversionStore`, () => {
    let underTest: ConversionStoreUnderTest;
    let store: ConversionStore;
    beforeEach(async () => {
      underTest = await make();
      store = underTest.store;
    });
    const others: ConversionStoreUnderTest[] = [];
    afterEach(async () => {
      for (const each of [underTest, ...others.splice(0)]) await each.dispose();
    });

    it.each([
      ['that has everything', full],
      ['that was just begun', exampleConversion({ state: 'uploading' })],
      ['that failed', exampleEnded('failed')],
      ['whose sound has no peaks', { ...full, id: 'quiet', result: { ...full.result, peaks: [] } } as ConversionRow],
    ])('gives back a row %s', async (_, row) => {
      await store.insert(row);
      expect(await store.get(row.id)).toEqual(row);
    });

    it('finds no row for an id that was never inserted', async () => {
      expect(await store.get(exampleConversion().id)).toBeUndefined();
    });

    it('refuses an id that is taken, and keeps the row that has it', async () => {
      const row = exampleConversion();
      await store.insert(row);
      await expect(store.insert({ ...row, owner: 'bert' })).rejects.toMatchObject({
        name: 'AppError',
        code: 'taken',
      });
      expect(await store.get(row.id)).toEqual(row);
    });

    it('lets one of several calls succeed that insert the same id at once', async () => {
      const row = exampleConversion();
      const results = await Promise.allSettled(
        Array.from({ length: 10 }, (_, index) => store.insert({ ...row, fileName: `${index}.mp4` })),
      );
      const winners = results.flatMap(({ status }, index) => (status === 'fulfilled' ? [`${index}.mp4`] : []));
      expect(winners).toHaveLength(1);
      for (const result of results) {
        if (result.status === 'rejected') expect(result.reason).toMatchObject({ name: 'AppError', code: 'taken' });
      }
      expect((await store.get(row.id))?.fileName).toBe(winners[0]);
    });

    describe('inserting with a limit', () => {
      const uploading = () => exampleConversion({ state: 'uploading' });

      it('inserts no more rows of one owner in one state than allowed, however many calls come at once', async () => {
        const rows = Array.from({ length: 20 }, uploading);
        const inserted = await Promise.all(rows.map((row) => store.insert(row, 7)));
        expect(inserted.filter(Boolean)).toHaveLength(7);
        const found = await Promise.all(rows.map(async ({ id }) => (await store.get(id)) !== undefined));
        expect(found).toEqual(inserted);
      });

      it('counts neither other owners, nor other states, nor removed rows', async () => {
        await store.insert({ ...uploading(), owner: 'bert' });
        await store.insert(exampleConversion({ state: 'queued' }));
        await store.insert(exampleEnded('cancelled', { removedAt: exampleTime }));
        await store.insert({ ...uploading(), removedAt: exampleTime });
        expect(await store.insert(uploading(), 1)).toBe(true);
        expect(await store.insert(uploading(), 1)).toBe(false);
      });

      it('has room again once a row has left the state', async () => {
        const row = uploading();
        expect(await store.insert(row, 1)).toBe(true);
        await store.replace(row, { ...row, state: 'queued', revision: 2 });
        expect(await store.insert(uploading(), 1)).toBe(true);
      });
    });

    describe('replacing', () => {
      it('replaces the expected row with the next one', async () => {
        const row = exampleConversion();
        await store.insert(row);
        const next = { ...full, id: row.id, revision: 2 };
        expect(await store.replace(row, next)).toBe(true);
        expect(await store.get(row.id)).toEqual(next);
        const plain = { ...row, revision: 3 };
        expect(await store.replace(next, plain)).toBe(true);
        expect(await store.get(row.id)).toEqual(plain);
      });

      const current = exampleConversion({ state: 'converting', attempt: 2, revision: 5 });
      it.each([
        ['id', { ...current, id: exampleConversion().id }],
        ['state', { ...current, state: 'queued' as const }],
        ['attempt', { ...current, attempt: 1 }],
        ['attempt', { ...current, attempt: 3 }],
        ['revision', { ...current, revision: 4 }],
        ['revision', { ...current, revision: 6 }],
      ])('changes nothing where the %s has moved on', async (_, expected) => {
        await store.insert(current);
        expect(await store.replace(expected, { ...current, id: expected.id, fileName: 'other.mp4', revision: 6 })).toBe(
          false,
        );
        expect(await store.get(current.id)).toEqual(current);
      });

      it('makes no row if there is none', async () => {
        const row = exampleConversion();
        expect(await store.replace(row, { ...row, revision: 2 })).toBe(false);
        expect(await store.get(row.id)).toBeUndefined();
      });

      it('lets exactly one of many calls succeed that expect the same version', async () => {
        let row = exampleConversion();
        await store.insert(row);
        for (let round = 0; round < 5; round++) {
          const seen = row;
          const nexts = Array.from({ length: 20 }, (_, index) => ({
            ...seen,
            revision: seen.revision + 1,
            fileName: `${index}`,
          }));
          const won = await Promise.all(nexts.map((next) => store.replace(seen, next)));
          expect(won.filter(Boolean)).toHaveLength(1);
          const winner = nexts[won.indexOf(true)] ?? seen;
          expect(await store.get(seen.id)).toEqual(winner);
          row = winner;
        }
      });
    });

    describe('forgetting', () => {
      it('deletes a removed row permanently', async () => {
        const row = exampleEnded('done', { removedAt: exampleTime });
        await store.insert(row);
        expect(await store.forget(row)).toBe(true);
        expect(await store.get(row.id)).toBeUndefined();
        expect(await store.forget(row)).toBe(false);
      });

      it('keeps a row that was not removed', async () => {
        const row = exampleEnded('done');
        await store.insert(row);
        expect(await store.forget(row)).toBe(false);
        expect(await store.get(row.id)).toEqual(row);
      });

      it('keeps a row that has changed', async () => {
        const row = exampleEnded('done', { removedAt: exampleTime, attempt: 2, revision: 5 });
        await store.insert(row);
        for (const moved of [{ state: 'failed' }, { attempt: 1 }, { revision: 4 }] as const) {
          expect(await store.forget({ ...row, ...moved })).toBe(false);
        }
        expect(await store.get(row.id)).toEqual(row);
      });
    });

    describeConversionLists(() => store);
    describeConversionTurns(() => store);
    describeUploadKeys(() => store);
    describeConversionChanges({
      current: () => store,
      async reopen() {
        store = await underTest.reopen();
        return store;
      },
      async another() {
        const other = await make();
        others.push(other);
        return other.store;
      },
      stepped: (step) => underTest.stepped(step),
    });

    it('has everything after it is opened again', async () => {
      const kept = exampleConversion();
      const replaced = exampleConversion();
      const forgotten = exampleEnded('done', { removedAt: exampleTime });
      for (const row of [kept, replaced, forgotten]) await store.insert(row);
      const next = { ...full, id: replaced.id, revision: 2, owner: replaced.owner };
      await store.replace(replaced, next);
      await store.forget(forgotten);

      store = await underTest.reopen();
      expect(await store.get(kept.id)).toEqual(kept);
      expect(await store.get(replaced.id)).toEqual(next);
      expect(await store.get(forgotten.id)).toBeUndefined();
      expect(await store.replace(kept, { ...kept, revision: 2 })).toBe(true);
    });

    it('throws unavailable if its storage cannot be reached', async () => {
      const row = exampleEnded('done', { batchId: 'batch', removedAt: exampleTime });
      await store.insert(row);
      await underTest.takeAway();
      const calls = [
        () => store.insert(exampleConversion()),
        () => store.get(row.id),
        () => store.getByUploadKey('anna', 'key'),
        () => store.replace(row, { ...row, revision: 2 }),
        () => store.page({ owner: 'anna', limit: 10 }),
        () => store.changes({ owner: 'anna', limit: 10 }),
        () => store.changesAfter({ owner: 'anna', since: '', limit: 10 }),
        () => store.scan('queued')[Symbol.asyncIterator]().next(),
        () => store.scanIds([row.id]),
        () => store.countActive(),
        () => store.queuePositions([row.id]),
        () => store.scanExpired({ removed: '', ended: '', sources: '' })[Symbol.asyncIterator]().next(),
        () => store.nextQueued(exampleTime, exampleTime),
        () => store.untoldBatches()[Symbol.asyncIterator]().next(),
        () => store.batchSummary('anna', 'batch'),
        () => store.untoldOfBatch('anna', 'batch')[Symbol.asyncIterator]().next(),
        () => store.markTold('n', [{ conversionId: row.id, attempt: 1 }]),
        () => store.forget(row),
        () => store.forgetUnreadable('anna'),
      ];
      for (const call of calls) await expect(call()).rejects.toMatchObject({ name: 'AppError', code: 'unavailable' });
    });
  });
}
