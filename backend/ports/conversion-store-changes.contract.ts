import { describe, expect, it } from 'vitest';
import { exampleConversion, exampleEnded } from './conversion-examples.ts';
import type { ConversionRow, ConversionStore } from './conversion-store.ts';
import { type StoppedWrite, stopWriterEverywhere } from './stopped-writer.ts';

/** The characters that a `position` may contain: a client sends two of them back in a URL. */
export const positionPattern = /^[A-Za-z0-9.-]{1,90}$/;

/** Texts that are no positions. */
export const foreignPositions = [
  '0',
  '-1',
  'null',
  '..',
  'x'.repeat(200),
  '../../etc/passwd',
  "' OR 1=1",
  '\0',
  '0.0',
  ' ',
];

const later = '2026-05-04T04:00:00.000Z';

interface StoresUnderTest {
  current(): ConversionStore;
  /** The same data again, as after a restart. */
  reopen(): Promise<ConversionStore>;
  /** Another store, with other data. */
  another(): Promise<ConversionStore>;
  /** The store of another process over the same data, which can be stopped in the middle of a write. */
  stepped(step: () => Promise<void>): ConversionStore;
}

/** The part of the ConversionStore's contract about changes. A store may return more than it must. */
export function describeConversionChanges({ current, reopen, another, stepped }: StoresUnderTest): void {
  async function insert(...rows: readonly ConversionRow[]): Promise<readonly ConversionRow[]> {
    for (const row of rows) await current().insert(row);
    return rows;
  }

  async function position(owner = 'anna'): Promise<string> {
    return (await current().changes({ owner, limit: 1 })).position;
  }

  async function changedIds(since: string | undefined, owner = 'anna'): Promise<readonly string[]> {
    const query = { owner, limit: 1000, ...(since === undefined ? {} : { since }) };
    const { items, complete } = await current().changes(query);
    expect(complete).toBe(true);
    return items.map(({ id }) => id).toSorted();
  }

  async function write(row: ConversionRow, given: Partial<ConversionRow>): Promise<ConversionRow> {
    const next = { ...row, ...given, revision: row.revision + 1 };
    expect(await current().replace(row, next)).toBe(true);
    return next;
  }

  const remove = (row: ConversionRow): Promise<ConversionRow> => write(row, { removedAt: later });

  describe('changes', () => {
    it('are, without a position, the rows that have not ended', async () => {
      const [uploading, queued, converting] = await insert(
        exampleConversion({ state: 'uploading' }),
        exampleConversion(),
        exampleConversion({ state: 'converting' }),
        exampleEnded('done'),
        exampleEnded('failed'),
        exampleEnded('cancelled', { removedAt: later }),
        exampleConversion({ owner: 'bert' }),
      );
      const { items, position, complete } = await current().changes({ owner: 'anna', limit: 3 });
      expect(items.toSorted((one, other) => one.id.localeCompare(other.id))).toEqual([uploading, queued, converting]);
      expect(position).toMatch(positionPattern);
      expect(complete).toBe(true);
    });

    it('also include, since a position, what was made, written and removed after it, without peaks', async () => {
      const [queued, done, cancelled] = await insert(
        exampleConversion(),
        exampleEnded('done'),
        exampleEnded('cancelled'),
      );
      const since = await position();
      const [failed = exampleConversion()] = await insert(exampleEnded('failed'));
      const told = await write(done ?? failed, { notificationId: 'notification' });
      const gone = await remove(cancelled ?? failed);
      const { items, complete } = await current().changes({ owner: 'anna', since, limit: 10 });
      const found = new Map(items.map((item) => [item.id, item]));
      expect(complete).toBe(true);
      expect(found.get(queued?.id ?? '')).toEqual(queued);
      expect(found.get(failed.id)).toEqual(failed);
      expect(found.get(told.id)).toEqual({ ...told, result: { ...told.result, peaks: [] } });
      expect(found.get(gone.id)).toEqual(gone);
      expect(found.size).toBe(4);
    });

    it('show each row once, in its current state', async () => {
      const [row = exampleConversion()] = await insert(exampleConversion());
      const since = await position();
      const done = await write(await write(row, { state: 'converting' }), {
        ...exampleEnded('failed'),
        id: row.id,
      });
      expect((await current().changes({ owner: 'anna', since, limit: 10 })).items).toEqual([
        { ...done, result: undefined },
      ]);
    });

    it('never include rows of another owner', async () => {
      const since = await position('bert');
      const [row = exampleConversion()] = await insert(exampleConversion());
      await remove(row);
      expect(await changedIds(since, 'bert')).toEqual([]);
      expect(await changedIds(undefined, 'bert')).toEqual([]);
    });

    it('say if there were more than requested', async () => {
      const since = await position();
      const states = ['queued', 'failed'] as const;
      await insert(
        ...Array.from({ length: 6 }, (_, index) => exampleConversion({ state: states[index % 2] ?? 'queued' })),
      );
      for (const query of [{ since, limit: 5 }, { limit: 2 }]) {
        const { items, complete } = await current().changes({ owner: 'anna', ...query });
        expect(items).toHaveLength(query.limit);
        expect(complete).toBe(false);
      }
      expect(await current().changes({ owner: 'anna', since, limit: 6 })).toMatchObject({ complete: true });
      expect(await current().changes({ owner: 'anna', limit: 3 })).toMatchObject({ complete: true });
    });

    it.each(foreignPositions)('cannot be given since %j, which is no position', async (since) => {
      const [queued] = await insert(exampleConversion(), exampleEnded('done'));
      const { items, complete } = await current().changes({ owner: 'anna', since, limit: 10 });
      expect(items).toEqual([queued]);
      expect(complete).toBe(false);
    });

    it("cannot be given since another store's position", async () => {
      const other = await another();
      const { position: since } = await other.changes({ owner: 'anna', limit: 1 });
      await insert(exampleEnded('done'));
      expect(await current().changes({ owner: 'anna', since, limit: 10 })).toMatchObject({ complete: false });
    });

    it('can be given by a store that was opened again', async () => {
      const since = await position();
      const [row] = await insert(exampleEnded('done'));
      const reopened = await reopen();
      const { items, complete } = await reopened.changes({ owner: 'anna', since, limit: 10 });
      expect([items.map(({ id }) => id), complete]).toEqual([[row?.id], true]);
    });

    it('can no longer be given once a row was deleted that was removed after the position, even after a restart', async () => {
      const [row = exampleConversion()] = await insert(exampleEnded('cancelled'));
      const before = await position();
      const removed = await remove(row);
      const after = await position();
      expect(await changedIds(before)).toEqual([row.id]);
      expect(await current().forget(removed)).toBe(true);
      for (const open of [async () => current(), reopen]) {
        const store = await open();
        expect(await store.changes({ owner: 'anna', since: before, limit: 10 })).toMatchObject({ complete: false });
        expect(await store.changes({ owner: 'anna', since: after, limit: 10 })).toMatchObject({ complete: true });
      }
    });

    it('are not mistaken for earlier ones once the latest row was deleted', async () => {
      const [row = exampleConversion()] = await insert(exampleEnded('cancelled'));
      const removed = await remove(row);
      const since = await position();
      await current().forget(removed);
      const [next] = await insert(exampleEnded('failed'));
      expect(await changedIds(since)).toContain(next?.id);
    });

    it('bring a reader that repeats the query up to date, however many write at the same time', async () => {
      const known = new Map<string, ConversionRow>();
      let since = await position();
      let writing = true;
      async function writeMany(): Promise<void> {
        for (let index = 0; index < 12; index++) {
          const row = exampleConversion();
          await current().insert(row);
          const ended = await write(row, { state: 'cancelled', endedAt: later });
          if (index % 3 === 0) await remove(ended);
        }
      }
      async function ask(): Promise<void> {
        const { items, position, complete } = await current().changes({ owner: 'anna', since, limit: 1000 });
        expect(complete).toBe(true);
        for (const item of items) known.set(item.id, item);
        since = position;
      }
      const writers = Promise.all(Array.from({ length: 5 }, writeMany)).finally(() => {
        writing = false;
      });
      while (writing) {
        await ask();
        await new Promise((resolve) => setImmediate(resolve));
      }
      await writers;
      await ask();
      expect(known.size).toBe(60);
      for (const row of known.values()) expect(row).toEqual(await current().get(row.id));
    });

    describe('in their order', () => {
      const after = (since: string, limit = 1000) => current().changesAfter({ owner: 'anna', since, limit });

      it('are the rows that were written after a position, including removed ones, without peaks', async () => {
        const [unchanged = exampleConversion(), done = unchanged, told = unchanged] = await insert(
          exampleConversion(),
          exampleEnded('done'),
          exampleEnded('done'),
        );
        const since = await position();
        const again = await write(told, { notificationId: 'notification' });
        const gone = await remove(done);
        await insert(exampleConversion({ owner: 'bert' }));
        const [made] = await insert(exampleConversion());
        const twice = await write(again, { batchSize: 2 });
        const withoutPeaks = (row: ConversionRow) => ({ ...row, result: { ...row.result, peaks: [] } });
        const changes = await after(since);
        expect(changes).toMatchObject({ complete: true, position: expect.stringMatching(positionPattern) });
        expect(changes?.items).toEqual([withoutPeaks(gone), made, withoutPeaks(twice)]);
        expect(await after(changes?.position ?? '')).toEqual({
          items: [],
          position: changes?.position,
          complete: true,
        });
      });

      it('can be read in portions of any size, which bring a reader up to date while rows are written', async () => {
        for (const limit of [1, 2, 7]) {
          let since = await position();
          const known = new Map<string, ConversionRow>();
          const written = new Map<string, ConversionRow>();
          let writing = true;
          async function writeMany(): Promise<void> {
            for (let index = 0; index < 5; index++) {
              const [row = exampleConversion()] = await insert(exampleConversion());
              written.set(row.id, await write(row, { state: 'cancelled', endedAt: later }));
            }
          }
          const writers = Promise.all([writeMany(), writeMany(), writeMany()]).finally(() => {
            writing = false;
          });
          for (let isComplete = false; writing || !isComplete; ) {
            const changes = await after(since, limit);
            if (changes === undefined) return expect.unreachable();
            expect(changes.items.length).toBeLessThanOrEqual(limit);
            for (const item of changes.items) known.set(item.id, item);
            since = changes.position;
            isComplete = changes.complete && !writing;
          }
          await writers;
          for (const item of (await after(since))?.items ?? []) known.set(item.id, item);
          expect(known).toEqual(written);
        }
      });

      it('go on after a restart', async () => {
        const since = await position();
        const [first, second] = await insert(exampleEnded('done'), exampleEnded('failed'));
        await reopen();
        const all = await after(since);
        expect(all?.items.map(({ id }) => id)).toEqual([first?.id, second?.id]);
        const [third] = await insert(exampleEnded('failed'));
        expect((await after(all?.position ?? ''))?.items.map(({ id }) => id)).toEqual([third?.id]);
      });

      it.each(foreignPositions)('are not known after %j, which is no position', async (since) => {
        await insert(exampleEnded('done'));
        expect(await after(since)).toBeUndefined();
      });

      it('are not known after the position of another store', async () => {
        const other = await another();
        const { position: since } = await other.changes({ owner: 'anna', limit: 1 });
        expect(await after(since)).toBeUndefined();
      });

      it('are not known any more once a row was deleted that was removed after the position', async () => {
        const [row = exampleConversion()] = await insert(exampleEnded('cancelled'));
        const since = await position();
        await current().forget(await remove(row));
        expect(await after(since)).toBeUndefined();
      });
    });

    it.each<[string, (store: ConversionStore, row: ConversionRow) => Promise<unknown>]>([
      ['inserts', (store) => store.insert(exampleConversion())],
      ['changes', (store, row) => store.replace(row, { ...row, revision: 2, state: 'converting' })],
      ['removes', (store, row) => store.replace(row, { ...row, revision: 2, removedAt: later })],
    ])('miss nothing of a writer that %s a row and is stopped at any of its steps', async (_, write) => {
      const missed = await stopWriterEverywhere({ store: current(), stepped }, async () => {
        const [row = exampleConversion()] = await insert(exampleEnded('cancelled'));
        return stoppedWrite((store) => write(store, row), [row.id]);
      });
      expect(missed).toEqual([]);
    });

    it.each([0, 1, 2, 3])('never omit a removal silently if forgetting its row stops at step %i', async (stopAt) => {
      const [row = exampleConversion()] = await insert(exampleEnded('cancelled'));
      const since = await position();
      const removed = await remove(row);
      const stopped = Promise.withResolvers<void>();
      let steps = 0;
      const forgetting = stepped(async () => {
        if (steps++ !== stopAt) return;
        stopped.resolve();
        await new Promise(() => undefined);
      }).forget(removed);
      await Promise.race([stopped.promise, forgetting]);
      const { items, complete } = await current().changes({ owner: 'anna', since, limit: 10 });
      if (complete) expect(items).toEqual([removed]);
    });
  });
}

/** A write to one owner's rows, of which `ids` exist already. */
export function stoppedWrite(
  write: (store: ConversionStore) => Promise<unknown>,
  ids: readonly string[] = [],
): StoppedWrite<ConversionStore, ConversionRow> {
  const written = new Set(ids);
  const noting = (store: ConversionStore): ConversionStore => ({
    ...store,
    insert(row) {
      written.add(row.id);
      return store.insert(row);
    },
    replace(expected, next) {
      written.add(next.id);
      return store.replace(expected, next);
    },
  });
  return {
    write: (store) => write(noting(store)),
    writeOther: (store) => noting(store).insert(exampleEnded('failed')),
    changes: (store, since) => store.changes({ owner: 'anna', limit: 1000, ...(since === undefined ? {} : { since }) }),
    async all(store) {
      const rows = await Promise.all([...written].map((id) => store.get(id)));
      return rows.filter((row) => row !== undefined);
    },
  };
}
