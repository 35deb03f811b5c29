import { describe, expect, it } from 'vitest';
import { exampleConversion, exampleEnded } from './conversion-examples.ts';
import type { ConversionRow, ConversionStore } from './conversion-store.ts';

const now = '2026-05-04T04:00:00.000Z';
const sooner = '2026-05-04T03:59:00.000Z';
const later = '2026-05-04T04:01:00.000Z';
const horizon = '2026-05-04T04:02:00.000Z';

/** The part of the ConversionStore's contract about turns. */
export function describeConversionTurns(current: () => ConversionStore): void {
  function withoutTurn(row: ConversionRow): ConversionRow {
    const { turn, ...rest } = row;
    return turn === undefined ? row : rest;
  }

  /** A new queued row, to which the store gives its turn. */
  async function queue(owner: string): Promise<ConversionRow> {
    const row = withoutTurn(exampleConversion({ owner }));
    await current().insert(row);
    return await stored(row);
  }

  const stored = ({ id }: ConversionRow): Promise<ConversionRow> => storedBy(id);

  async function storedBy(id: string): Promise<ConversionRow> {
    const row = await current().get(id);
    if (row === undefined) throw new Error('the row is gone');
    return row;
  }

  async function replace(row: ConversionRow, next: ConversionRow): Promise<ConversionRow> {
    expect(await current().replace(row, { ...next, revision: row.revision + 1 })).toBe(true);
    return await stored(row);
  }

  const take = (row: ConversionRow): Promise<ConversionRow> => replace(row, { ...row, state: 'converting' });

  /** All queued rows, in the order in which they are taken. */
  async function takeAll(): Promise<readonly ConversionRow[]> {
    const taken: ConversionRow[] = [];
    for (;;) {
      const row = await current().nextQueued(now, horizon);
      if (row === undefined) return taken;
      taken.push(row);
      await take(row);
    }
  }

  const idsOf = (rows: readonly ConversionRow[]): readonly string[] => rows.map(({ id }) => id);

  describe('turns', () => {
    it('are given only to queued rows, and kept', async () => {
      const uploading = withoutTurn(exampleConversion({ state: 'uploading' }));
      await current().insert(uploading);
      expect(await stored(uploading)).toEqual(uploading);
      const queued = await replace(uploading, { ...uploading, state: 'queued' });
      expect(queued).toEqual({ ...uploading, state: 'queued', revision: 2, turn: 1 });
      expect((await take(queued)).turn).toBe(1);
      const [given] = [exampleConversion({ turn: 7 })];
      await current().insert(given);
      expect((await stored(given)).turn).toBe(7);
    });

    it('increase for each owner, from the current round', async () => {
      const annas = [await queue('anna'), await queue('anna'), await queue('anna')];
      const berts = [await queue('bert'), await queue('bert')];
      expect([...annas, ...berts].map(({ turn }) => turn)).toEqual([1, 2, 3, 1, 2]);
      for (const row of [annas[0], berts[0], annas[1]]) if (row !== undefined) await take(row);
      // Anna's row of the second round was taken last: the round is past her and the owners before her.
      expect((await queue('aaron')).turn).toBe(3);
      expect((await queue('cleo')).turn).toBe(2);
      expect((await queue('anna')).turn).toBe(4);
      expect((await queue('cleo')).turn).toBe(3);
    });

    it('that were freed by a cancel are given again, those that were taken are not', async () => {
      const [first, second] = [await queue('anna'), await queue('anna')];
      await replace(second, withoutTurn({ ...second, state: 'cancelled' }));
      expect((await queue('anna')).turn).toBe(2);
      const taken = await take(first);
      await replace(taken, { ...taken, state: 'cancelled' });
      expect((await queue('anna')).turn).toBe(3);
    });

    it('are new, and after all others of the owner, for a row that is queued again without one', async () => {
      const first = await take(await queue('anna'));
      await queue('anna');
      const failed = await replace(first, { ...exampleEnded('failed', { id: first.id, turn: 1 }), attempt: 1 });
      expect((await replace(failed, withoutTurn({ ...failed, state: 'queued', attempt: 2 }))).turn).toBe(3);
    });

    it('are never the same for two rows of an owner that are queued at the same moment', async () => {
      const rows = Array.from({ length: 30 }, (_, index) =>
        withoutTurn(exampleConversion({ owner: index % 3 === 0 ? 'bert' : 'anna' })),
      );
      await Promise.all(rows.map((row) => current().insert(row)));
      const turns = await Promise.all(rows.map(async (row) => `${row.owner} ${(await stored(row)).turn}`));
      const expected = [
        ...Array.from({ length: 20 }, (_, index) => `anna ${index + 1}`),
        ...Array.from({ length: 10 }, (_, index) => `bert ${index + 1}`),
      ];
      expect(turns.toSorted()).toEqual(expected.toSorted());
    });

    it('say which row is taken next: in each round one of each owner, the owners in the same order', async () => {
      const [a1, a2, a3] = [await queue('anna'), await queue('anna'), await queue('anna')];
      const [c1, b1, b2] = [await queue('cleo'), await queue('bert'), await queue('bert')];
      expect(await takeAll()).toEqual([a1, b1, c1, a2, b2, a3]);
      expect(await current().nextQueued(now, horizon)).toBeUndefined();
    });

    it('are skipped if a row is not due yet; if none is due, the row that will be due first is returned', async () => {
      const [first, second, third] = [
        exampleConversion({ turn: 1, notBefore: later }),
        exampleConversion({ turn: 2, notBefore: sooner }),
        exampleConversion({ turn: 3, notBefore: '2026-05-04T04:00:30.000Z' }),
      ];
      for (const row of [first, second, third]) await current().insert(row);
      expect(idsOf(await takeUntilLater())).toEqual([second.id]);
      expect((await current().nextQueued(now, horizon))?.id).toBe(third.id);
      expect((await current().nextQueued(later, horizon))?.id).toBe(first.id);
    });

    it('are kept by a row that was delayed before the clock was put back', async () => {
      const [first, second] = [
        exampleConversion({ turn: 1, notBefore: '2026-05-04T04:02:00.001Z' }),
        exampleConversion({ turn: 2 }),
      ];
      for (const row of [second, first]) await current().insert(row);
      expect((await current().nextQueued(now, horizon))?.id).toBe(first.id);
    });

    async function takeUntilLater(): Promise<readonly ConversionRow[]> {
      const taken: ConversionRow[] = [];
      for (;;) {
        const row = await current().nextQueued(now, horizon);
        if (row === undefined || (row.notBefore ?? '') > now) return taken;
        taken.push(row);
        await take(row);
      }
    }

    it('determine how many rows go before each row', async () => {
      const [a1, a2, a3] = [await queue('anna'), await queue('anna'), await queue('anna')];
      const b1 = await queue('bert');
      const uploading = withoutTurn(exampleConversion({ state: 'uploading' }));
      await current().insert(uploading);
      const positions = (...rows: readonly ConversionRow[]) =>
        current().queuePositions([...rows.map(({ id }) => id), 'never-was']);
      const wanted = [a1, b1, a2, a3].map(({ id }, index) => [id, index] as const);
      expect(await positions(a3, a1, uploading, b1, a2)).toEqual(new Map(wanted));
      for (const row of [a1, b1, a2, a3]) {
        expect(await positions(row)).toEqual(new Map(wanted.filter(([id]) => id === row.id)));
      }
      await take(a1);
      expect(await positions(a1, b1, a3)).toEqual(
        new Map([
          [b1.id, 0],
          [a3.id, 2],
        ]),
      );
      expect(await current().queuePositions([])).toEqual(new Map());
    });

    it('determine how many rows go before each of those of one owner in a mixed queue', async () => {
      for (let index = 0; index < 120; index += 1) await queue(['anna', 'bert', 'cleo'][(index * index) % 3] ?? '');
      const order = idsOf(await queuedInOrder());
      expect(await current().queuePositions(order)).toEqual(new Map(order.map((id, index) => [id, index])));
      const some = order.filter((_, index) => index % 7 === 3);
      expect(await current().queuePositions(some)).toEqual(new Map(some.map((id) => [id, order.indexOf(id)])));
    });

    /** All queued rows by turn and owner. */
    async function queuedInOrder(): Promise<readonly ConversionRow[]> {
      const rows: ConversionRow[] = [];
      for await (const { id } of current().scan('queued')) rows.push(await storedBy(id));
      return rows.toSorted((one, other) =>
        one.turn === other.turn ? (one.owner < other.owner ? -1 : 1) : (one.turn ?? 0) - (other.turn ?? 0),
      );
    }
  });
}
