import { describe, expect, it } from 'vitest';
import { isAppError } from '../../shared/errors.ts';
import { exampleConversion } from './conversion-examples.ts';
import type { ConversionRow, ConversionStore, NextQueued } from './conversion-store.ts';

const now = '2026-05-04T04:00:00.000Z';
const sooner = '2026-05-04T03:59:00.000Z';
const soon = '2026-05-04T04:00:30.000Z';
const later = '2026-05-04T04:01:00.000Z';
const horizon = '2026-05-04T04:02:00.000Z';

/** The part of the ConversionStore's contract about turns. */
export function describeConversionTurns(current: () => ConversionStore): void {
  async function queue(owner: string, given: Partial<ConversionRow> = {}): Promise<ConversionRow> {
    const row = exampleConversion({ owner, ...given });
    await current().insert(row);
    return row;
  }

  async function replace(row: ConversionRow, given: Partial<ConversionRow>): Promise<ConversionRow> {
    const next = { ...row, ...given, revision: row.revision + 1 };
    expect(await current().replace(row, next)).toBe(true);
    return next;
  }

  const take = ({ row, turn }: NextQueued): Promise<ConversionRow> => replace(row, { state: 'converting', turn });

  const cancel = (row: ConversionRow): Promise<ConversionRow> => replace(row, { state: 'cancelled', endedAt: now });

  async function takeNext(): Promise<ConversionRow> {
    const next = await current().nextQueued(now, horizon);
    if (next === undefined) throw new Error('no row is queued');
    return await take(next);
  }

  /** All rows that are due, in the order in which they are taken. */
  async function takeAll(): Promise<readonly ConversionRow[]> {
    const taken: ConversionRow[] = [];
    for (;;) {
      const next = await current().nextQueued(now, horizon);
      if (next === undefined || (next.row.notBefore ?? '') > now) return taken;
      taken.push(await take(next));
    }
  }

  const idsOf = (rows: readonly ConversionRow[]): readonly string[] => rows.map(({ id }) => id);

  describe('turns', () => {
    it('come in rounds: in each round one row of each owner, the owners in the same order', async () => {
      const [a1, a2, a3] = [await queue('anna'), await queue('anna'), await queue('anna')];
      const [c1, b1, b2] = [await queue('cleo'), await queue('bert'), await queue('bert')];
      const taken = await takeAll();
      expect(idsOf(taken)).toEqual(idsOf([a1, b1, c1, a2, b2, a3]));
      expect(taken.map(({ turn }) => turn)).toEqual([1, 1, 1, 2, 2, 3]);
      expect(await current().get(a3.id)).toEqual(taken.at(-1));
      expect(await current().nextQueued(now, horizon)).toBeUndefined();
    });

    it('of a newcomer come in this round, or in the next if it is past the newcomer', async () => {
      for (const owner of ['bert', 'bert', 'dora']) await queue(owner);
      expect((await takeNext()).owner).toBe('bert');
      for (const owner of ['anna', 'cleo', 'anna', 'cleo']) await queue(owner);
      const taken = await takeAll();
      expect(taken.map(({ owner, turn }) => `${owner} ${turn}`)).toEqual([
        ...['cleo 1', 'dora 1'],
        ...['anna 2', 'bert 2', 'cleo 2'],
        'anna 3',
      ]);
    });

    it('are not lost if an owner cancels the rows that would have gone first', async () => {
      for (const owner of ['dora', 'anna', 'dora', 'anna']) await queue(owner);
      const rows: ConversionRow[] = [];
      for (let count = 0; count < 10; count += 1) rows.push(await queue('cleo'));
      const last = rows.pop();
      for (const row of rows) await cancel(row);
      for (let count = 0; count < 9; count += 1) await queue('bert');
      expect((await takeAll()).slice(0, 4).map(({ owner }) => owner)).toEqual(['anna', 'bert', 'cleo', 'dora']);
      expect(await current().get(last?.id ?? '')).toMatchObject({ state: 'converting', turn: 1 });
    });

    it.each<[string, Partial<ConversionRow>]>([
      ['ends', { state: 'done', endedAt: now }],
      ['is cancelled', { state: 'cancelled', endedAt: now }],
      ['is removed', { state: 'cancelled', endedAt: now, removedAt: now }],
      ['is given back', { state: 'queued' }],
      ['is given back and not due yet', { state: 'queued', notBefore: later }],
    ])('are over once a row was taken, also if the row %s', async (_, given) => {
      for (const owner of ['anna', 'anna', 'bert', 'cleo', 'bert']) await queue(owner);
      await takeNext();
      await replace(await takeNext(), given);
      expect((await current().nextQueued(now, horizon))?.row.owner).toBe('cleo');
      await queue('bella');
      await takeNext();
      expect((await takeAll()).slice(0, 3).map(({ owner }) => owner)).toEqual(['anna', 'bella', 'bert']);
    });

    it('are for the oldest row of an owner, also if that was given back', async () => {
      const [first, second] = [await queue('anna'), await queue('anna')];
      await replace(await takeNext(), { state: 'queued' });
      const taken = await takeAll();
      expect(taken.map(({ id, turn }) => [id, turn])).toEqual([
        [first.id, 2],
        [second.id, 3],
      ]);
    });

    it('are never the same for two rows of an owner', async () => {
      const [first, second] = [await queue('anna'), await queue('anna')];
      await replace(first, { state: 'converting', turn: 1 });
      const stale = current().replace(second, { ...second, state: 'converting', turn: 1, revision: 2 });
      await expect(stale).rejects.toMatchObject({ name: 'AppError', code: 'taken' });
      expect(await current().get(second.id)).toEqual(second);
      await replace(await queue('bert'), { state: 'converting', turn: 1 });
    });

    it('come in full rounds if many take at once', async () => {
      for (let index = 0; index < 30; index += 1) await queue(['anna', 'bert', 'cleo'][index % 3] ?? '');
      const taken: string[] = [];
      async function taker(): Promise<void> {
        for (;;) {
          const next = await current().nextQueued(now, horizon);
          if (next === undefined) return;
          const { row, turn } = next;
          const isTaken = await current()
            .replace(row, { ...row, state: 'converting', turn, revision: row.revision + 1 })
            .catch((error: unknown) => {
              if (isAppError(error, 'taken')) return false;
              throw error;
            });
          if (isTaken) taken.push(`${row.owner} ${turn}`);
        }
      }
      await Promise.all(Array.from({ length: 6 }, taker));
      const rounds = Array.from({ length: 10 }, (_, index) => index + 1);
      const expected = rounds.flatMap((round) => [`anna ${round}`, `bert ${round}`, `cleo ${round}`]);
      expect(taken.toSorted()).toEqual(expected.toSorted());
    });

    it('are skipped if a row is not due yet; if none is due, the row that will be due first is returned', async () => {
      const [first, second] = [await queue('anna', { notBefore: later }), await queue('anna', { notBefore: sooner })];
      const [third, fourth] = [await queue('bert', { notBefore: soon }), await queue('cleo')];
      expect(idsOf(await takeAll())).toEqual([second.id, fourth.id]);
      expect((await current().nextQueued(now, horizon))?.row.id).toBe(third.id);
      expect((await current().nextQueued(later, horizon))?.row.id).toBe(first.id);
    });

    it('are not missed by a row that was delayed before the clock was put back', async () => {
      const first = await queue('anna', { notBefore: '2026-05-04T04:02:00.001Z' });
      await queue('anna');
      expect((await current().nextQueued(now, horizon))?.row.id).toBe(first.id);
    });

    it('determine how many rows go before each row', async () => {
      const [a1, a2, a3] = [await queue('anna'), await queue('anna'), await queue('anna')];
      const b1 = await queue('bert');
      const uploading = exampleConversion({ state: 'uploading' });
      await current().insert(uploading);
      const positions = (...rows: readonly ConversionRow[]) =>
        current().queuePositions([...rows.map(({ id }) => id), 'never-was']);
      const wanted = [a1, b1, a2, a3].map(({ id }, index) => [id, index] as const);
      expect(await positions(a3, a1, uploading, b1, a2)).toEqual(new Map(wanted));
      for (const row of [a1, b1, a2, a3]) {
        expect(await positions(row)).toEqual(new Map(wanted.filter(([id]) => id === row.id)));
      }
      expect((await takeNext()).id).toBe(a1.id);
      expect(await positions(a1, b1, a3)).toEqual(
        new Map([
          [b1.id, 0],
          [a3.id, 2],
        ]),
      );
      expect(await current().queuePositions([])).toEqual(new Map());
    });

    it('determine how many rows go before each row in a mixed queue, wherever the round is', async () => {
      const owners = ['anna', 'bert', 'cleo', 'dora'];
      for (let index = 0; index < 60; index += 1) await queue(owners[(index * index) % 5] ?? 'emil');
      for (const takenBefore of [0, 1, 2, 3]) {
        for (let count = 0; count < takenBefore; count += 1) await takeNext();
        const ids: string[] = [];
        for await (const { id } of current().scan('queued')) ids.push(id);
        const positions = await current().queuePositions(ids);
        const some = ids.filter((_, index) => index % 7 === 3);
        expect(await current().queuePositions(some)).toEqual(new Map(some.map((id) => [id, positions.get(id)])));
        const order = ids.toSorted((one, other) => (positions.get(one) ?? 0) - (positions.get(other) ?? 0));
        expect(order.map((id) => positions.get(id))).toEqual([...order.keys()]);
        expect((await current().nextQueued(now, horizon))?.row.id).toBe(order[0]);
        if (takenBefore === 3) expect(idsOf(await takeAll())).toEqual(order);
      }
    });
  });
}
