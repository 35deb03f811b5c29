import { describe, expect, it } from 'vitest';
import { exampleConversion, exampleEnded } from './conversion-examples.ts';
import type {
  ConversionQuery,
  ConversionRow,
  ConversionStore,
  ExpiryTimes,
  ScanKind,
  ScannedRow,
  UntoldEnd,
} from './conversion-store.ts';

const laterTime = '2026-05-04T04:00:00.000Z';
const latestTime = '2026-05-05T00:00:00.000Z';
const removed = { removedAt: latestTime };
const told = { notificationId: 'notification' };

/** More rows than an adapter reads at a time. */
const moreThanPortion = 250;

/** The part of the ConversionStore's contract about more than one row. */
export function describeConversionLists(current: () => ConversionStore): void {
  /** Inserts all rows and returns them. */
  async function insert(...rows: readonly ConversionRow[]): Promise<readonly ConversionRow[]> {
    // All at once might wait for a slow server for longer than a store waits.
    for (let from = 0; from < rows.length; from += 20) {
      await Promise.all(rows.slice(from, from + 20).map((row) => current().insert(row)));
    }
    return rows;
  }

  async function allPages(query: ConversionQuery): Promise<readonly ConversionRow[]> {
    const all: ConversionRow[] = [];
    let cursor: string | undefined;
    do {
      const { items, next } = await current().page(cursor === undefined ? query : { ...query, cursor });
      all.push(...items);
      cursor = next;
    } while (cursor !== undefined);
    return all;
  }

  async function scanned(kind: ScanKind): Promise<readonly ScannedRow[]> {
    const all: ScannedRow[] = [];
    for await (const row of current().scan(kind)) all.push(row);
    return all;
  }

  async function expired(until: ExpiryTimes): Promise<readonly ScannedRow[]> {
    const all: ScannedRow[] = [];
    for await (const row of current().scanExpired(until)) all.push(row);
    return all;
  }

  async function untold(batchId: string): Promise<readonly UntoldEnd[]> {
    const all: UntoldEnd[] = [];
    for await (const end of current().untoldOfBatch('anna', batchId)) all.push(end);
    return all;
  }

  describe('pages', () => {
    it('show the newest first, and say if there are more', async () => {
      const rows = await insert(...Array.from({ length: 7 }, () => exampleConversion()));
      const newestFirst = rows.toReversed();
      const query = { owner: 'anna', limit: 3 };
      const first = await current().page(query);
      expect(first.items).toEqual(newestFirst.slice(0, 3));
      const second = await current().page({ ...query, cursor: first.next ?? '' });
      expect(second.items).toEqual(newestFirst.slice(3, 6));
      const third = await current().page({ ...query, cursor: second.next ?? '' });
      expect(third).toEqual({ items: newestFirst.slice(6) });
    });

    it('have no next page if everything fits exactly', async () => {
      await insert(exampleConversion(), exampleConversion());
      expect(await current().page({ owner: 'anna', limit: 2 })).not.toHaveProperty('next');
      expect(await current().page({ owner: 'nobody', limit: 2 })).toEqual({ items: [] });
    });

    it('hold up to 100', async () => {
      const rows = await insert(...Array.from({ length: 101 }, () => exampleConversion()));
      const { items, next } = await current().page({ owner: 'anna', limit: 100 });
      expect(items).toHaveLength(100);
      expect((await current().page({ owner: 'anna', limit: 100, cursor: next ?? '' })).items).toEqual([rows[0]]);
    });

    it('show only the owner’s rows, without removed ones and without peaks', async () => {
      const [done, failed] = await insert(
        exampleEnded('done'),
        exampleEnded('failed'),
        exampleEnded('done', removed),
        exampleConversion({ owner: 'bert' }),
      );
      expect((await current().page({ owner: 'anna', limit: 10 })).items).toEqual([failed, withoutPeaks(done)]);
    });

    it('can be of one state, of one batch, or of both', async () => {
      const rows = await insert(
        ...(['queued', 'converting'] as const).flatMap((state) =>
          [undefined, 'one', 'other'].flatMap((batchId) =>
            ['anna', 'bert'].flatMap((owner) =>
              [1, 2, 3].map(() => exampleConversion({ state, owner, ...(batchId === undefined ? {} : { batchId }) })),
            ),
          ),
        ),
        exampleEnded('done', { batchId: 'one', ...removed }),
      );
      const query = { owner: 'anna', limit: 2 };
      const expected = (matches: (row: ConversionRow) => boolean): readonly ConversionRow[] =>
        rows.filter((row) => row.owner === 'anna' && !row.removedAt && matches(row)).toReversed();

      expect(await allPages(query)).toEqual(expected(() => true));
      expect(await allPages({ ...query, state: 'queued' })).toEqual(expected(({ state }) => state === 'queued'));
      expect(await allPages({ ...query, batchId: 'one' })).toEqual(expected(({ batchId }) => batchId === 'one'));
      expect(await allPages({ ...query, state: 'queued', batchId: 'one' })).toEqual(
        expected(({ state, batchId }) => state === 'queued' && batchId === 'one'),
      );
      expect(await allPages({ ...query, state: 'failed' })).toEqual([]);
    });

    it('neither repeat nor miss a row while others are added and removed', async () => {
      const rows = await insert(...Array.from({ length: 10 }, () => exampleConversion()));
      const query = { owner: 'anna', limit: 3 };
      const seen: ConversionRow[] = [];
      let cursor: string | undefined;
      do {
        const { items, next } = await current().page(cursor === undefined ? query : { ...query, cursor });
        seen.push(...items);
        cursor = next;
        await insert(exampleConversion(), exampleConversion());
        // The row that the cursor was made from is removed.
        const last = items.at(-1);
        if (last !== undefined) await current().replace(last, { ...last, revision: 2, ...removed });
      } while (cursor !== undefined);
      expect(seen).toEqual(rows.toReversed());
    });

    it.each([
      '',
      'x',
      'nonsense!',
      '../../etc/passwd',
      '0',
      'bnVsbA',
      'W10',
      'eyJpZCI6MX0',
      'W251bGxd',
      'x'.repeat(200),
      '\0',
    ])('refuse the cursor %j, which was never given out', async (cursor) => {
      await insert(exampleConversion());
      await expect(current().page({ owner: 'anna', limit: 10, cursor })).rejects.toMatchObject({
        name: 'AppError',
        code: 'bad_request',
      });
    });

    it('refuse a modified cursor', async () => {
      await insert(exampleConversion(), exampleConversion());
      const { next = '' } = await current().page({ owner: 'anna', limit: 1 });
      for (const cursor of [`${next}=`, `${next}A`, ` ${next}`, `${next.slice(0, -1)}`]) {
        await expect(current().page({ owner: 'anna', limit: 1, cursor })).rejects.toMatchObject({
          code: 'bad_request',
        });
      }
    });

    it('give out cursors that need no escaping in a URL', async () => {
      await insert(exampleConversion(), exampleConversion());
      const { next } = await current().page({ owner: 'anna', limit: 1 });
      // The public API accepts up to 200 characters.
      expect(next).toMatch(/^[A-Za-z0-9_-]{1,200}$/);
    });
  });

  describe('scans', () => {
    it('go through all owners by kind, oldest first, and read no more than a sweeper needs', async () => {
      const upload = { bytes: 5, metadata: 'name', expiresAt: laterTime, writer: 'w', unverifiedFrom: 3 };
      const [uploading, queued, converting] = await insert(
        exampleConversion({
          state: 'uploading',
          owner: 'bert',
          upload,
          tracks: [{ index: 0, codec: 'aac', channels: 2 }],
        }),
        exampleConversion({
          state: 'queued',
          notBefore: laterTime,
          source: { kind: 'file', path: '/Übung "1".mp4' },
        }),
        exampleConversion({ state: 'converting', owner: 'bert', batchId: 'batch', attempt: 3, revision: 7 }),
        exampleEnded('done', { sourceGone: true }),
        exampleEnded('cancelled'),
        exampleEnded('failed', removed),
      ).then((rows) => rows.map(asScanned));
      expect(await scanned('working')).toEqual([uploading, converting]);
      expect(await scanned('queued')).toEqual([queued]);
    });

    it('find nothing in an empty store', async () => {
      for (const kind of ['working', 'queued'] as const) expect(await scanned(kind)).toEqual([]);
    });

    it('read more than one portion, while each row is written', async () => {
      const states = ['uploading', 'converting'] as const;
      const rows = await insert(
        ...Array.from({ length: moreThanPortion }, (_, index) =>
          exampleConversion({ state: states[index % 2] ?? 'uploading' }),
        ),
      );
      const seen: string[] = [];
      for await (const row of current().scan('working')) {
        seen.push(row.id);
        if (seen.length % 4 === 0) {
          const next = exampleEnded('done', { id: row.id, revision: row.revision + 1 });
          expect(await current().replace(row, next)).toBe(true);
        }
      }
      expect(seen).toEqual(rows.map(({ id }) => id));
      expect(await scanned('working')).toHaveLength(rows.length - Math.floor(rows.length / 4));
    });

    it('find the rows of all owners of which something has expired, and no others', async () => {
      const [early, middle, late] = [
        '2026-05-01T00:00:00.000Z',
        '2026-05-02T00:00:00.000Z',
        '2026-05-03T00:00:00.000Z',
      ];
      const source = { kind: 'file', path: '/talk.mp4' } as const;
      const records = await insert(
        exampleEnded('done', { endedAt: early }),
        exampleEnded('done', { endedAt: early, owner: 'bert' }),
        exampleEnded('done', { endedAt: middle }),
        exampleEnded('failed', { endedAt: early, sourceGone: true }),
        exampleEnded('failed', { endedAt: middle }),
        exampleEnded('cancelled', { endedAt: middle, owner: 'bert' }),
        exampleEnded('failed', { endedAt: middle, sourceGone: true }),
        exampleEnded('failed', { endedAt: middle, source }),
        exampleEnded('failed', { endedAt: late }),
        exampleEnded('done', { endedAt: early, removedAt: late }),
        exampleEnded('cancelled', { endedAt: early, removedAt: '2026-05-04T00:00:00.000Z', sourceGone: true }),
        exampleConversion(),
      );
      const found = await expired({ removed: late, ended: early, sources: middle });
      const [done, berts, , failed, withSource, cancelled, , , , gone] = records.map(asScanned);
      const byId = (rows: readonly (ScannedRow | undefined)[]) =>
        rows.toSorted((one, other) => (one?.id ?? '').localeCompare(other?.id ?? ''));
      expect(byId(found)).toEqual(byId([done, berts, failed, withSource, cancelled, gone]));
      expect(await expired({ removed: early, ended: '2026-04-30T00:00:00.000Z', sources: early })).toEqual([]);
    });

    it('find all that has expired in more than one portion, while it is removed', async () => {
      const records = await insert(...Array.from({ length: moreThanPortion }, () => exampleEnded('done')));
      const seen: string[] = [];
      for await (const row of current().scanExpired({ removed: '', ended: laterTime, sources: '' })) {
        seen.push(row.id);
        const gone = exampleEnded('done', { id: row.id, revision: row.revision + 1, ...removed });
        expect(await current().replace(row, gone)).toBe(true);
      }
      expect(seen.toSorted()).toEqual(records.map(({ id }) => id).toSorted());
      expect(await expired({ removed: '', ended: laterTime, sources: laterTime })).toEqual([]);
    });

    it('can be stopped before their end', async () => {
      const [first = exampleConversion()] = await insert(...Array.from({ length: 5 }, () => exampleConversion()));
      for await (const row of current().scan('queued')) {
        expect(row).toEqual(asScanned(first));
        break;
      }
      expect(await scanned('queued')).toHaveLength(5);
    });

    it('can read up to 1,000 ids, in any state, and leave out ids without a row', async () => {
      const rows = await insert(
        exampleConversion(),
        exampleEnded('done', { ...removed, owner: 'bert' }),
        exampleEnded('failed'),
      );
      const ids = rows.map(({ id }) => id);
      const missing = Array.from({ length: 997 }, (_, index) => `never ${index}`);
      const byId = (found: readonly ScannedRow[]): readonly ScannedRow[] =>
        found.toSorted((one, other) => one.id.localeCompare(other.id));
      const found = await current().scanIds([...missing, ...ids]);
      expect(byId(found.rows)).toEqual(byId(rows.map(asScanned)));
      expect(found.unreadable).toEqual([]);
      expect((await current().scanIds(ids.slice(0, 1))).rows).toHaveLength(1);
      expect((await current().scanIds([])).rows).toEqual([]);
    });
  });

  it('counts the rows of all owners that have not ended', async () => {
    expect(await current().countActive()).toEqual({ uploading: 0, queued: 0, converting: 0 });
    await insert(
      exampleConversion({ state: 'converting' }),
      exampleConversion({ state: 'converting', owner: 'bert' }),
      exampleConversion(),
      exampleEnded('done'),
      exampleEnded('cancelled', removed),
    );
    expect(await current().countActive()).toEqual({ uploading: 0, queued: 1, converting: 2 });
  });

  describe('batches', () => {
    it('are summarised: active rows, ended rows, rows without a notification', async () => {
      const of = { batchId: 'batch' };
      await insert(
        exampleConversion({ ...of, state: 'uploading' }),
        exampleConversion({ ...of, state: 'queued', batchSize: 4 }),
        exampleConversion({ ...of, state: 'converting', batchSize: 12 }),
        exampleConversion({ ...of, state: 'converting', batchSize: 8 }),
        exampleEnded('done', of),
        exampleEnded('failed', { ...of, endedAt: laterTime }),
        exampleEnded('cancelled', of),
        exampleEnded('done', { ...of, ...told }),
        exampleEnded('done', { ...of, ...removed }),
        exampleEnded('done', { batchId: 'other', endedAt: latestTime }),
        exampleEnded('done', { ...of, owner: 'bert', endedAt: latestTime, batchSize: 50 }),
        exampleEnded('done', { endedAt: latestTime }),
      );
      expect(await current().batchSummary('anna', 'batch')).toEqual({
        active: 4,
        ended: 5,
        cancelled: 1,
        untold: 2,
        lastEndedAt: laterTime,
        batchSize: 12,
      });
    });

    it('are summarised without an end if none has ended, and without a size if none was given', async () => {
      await insert(exampleConversion({ batchId: 'batch' }));
      expect(await current().batchSummary('anna', 'batch')).toEqual({ active: 1, ended: 0, cancelled: 0, untold: 0 });
      expect(await current().batchSummary('anna', 'never')).toEqual({ active: 0, ended: 0, cancelled: 0, untold: 0 });
    });

    it('are summarised again after each write', async () => {
      const [row] = await insert(exampleConversion({ batchId: 'batch' }));
      if (row === undefined) throw new Error('nothing was inserted');
      const done = exampleEnded('done', { id: row.id, batchId: 'batch', revision: 2 });
      const toldOf = { ...done, revision: 3, ...told };
      const gone = { ...toldOf, revision: 4, ...removed };
      await current().replace(row, done);
      expect(await current().batchSummary('anna', 'batch')).toMatchObject({ active: 0, ended: 1, untold: 1 });
      await current().replace(done, toldOf);
      expect(await current().batchSummary('anna', 'batch')).toMatchObject({ active: 0, ended: 1, untold: 0 });
      await current().replace(toldOf, gone);
      expect(await current().batchSummary('anna', 'batch')).toMatchObject({ active: 0, ended: 1, untold: 0 });
      await current().forget(gone);
      expect(await current().batchSummary('anna', 'batch')).toEqual({ active: 0, ended: 0, cancelled: 0, untold: 0 });
    });

    it('are listed, each by its oldest row, if an end is in no notification', async () => {
      const [annas, , berts, single, other, another] = await insert(
        exampleEnded('done', { batchId: 'batch' }),
        exampleEnded('failed', { batchId: 'batch' }),
        exampleEnded('failed', { batchId: 'batch', owner: 'bert' }),
        exampleEnded('done'),
        exampleEnded('done', { batchId: 'other' }),
        exampleEnded('done', { owner: 'cleo' }),
        exampleConversion({ batchId: 'goes on' }),
        exampleEnded('cancelled', { batchId: 'cancelled' }),
        exampleEnded('done', { batchId: 'told', ...told }),
        exampleEnded('failed', { batchId: 'removed', ...removed }),
        exampleEnded('cancelled'),
      );
      const named: string[] = [];
      for await (const { id } of current().untoldBatches()) named.push(id);
      expect(named).toHaveLength(5);
      expect(new Set(named)).toEqual(new Set([annas, berts, single, other, another].map((row) => row?.id)));
    });

    it('are listed once each while their rows get notifications', async () => {
      const rows = await insert(
        ...Array.from({ length: 60 }, (_, index) => exampleEnded('done', { batchId: `${index % 30}` })),
        ...Array.from({ length: 20 }, (_, index) => exampleEnded('failed', { owner: `owner ${index % 10}` })),
      );
      const batchOf = new Map(rows.map(({ id, owner, batchId = id }) => [id, `${owner} ${batchId}`]));
      const named: (string | undefined)[] = [];
      for await (const { id } of current().untoldBatches()) {
        named.push(batchOf.get(id));
        for (const row of rows.filter((each) => batchOf.get(each.id) === batchOf.get(id))) {
          expect(await current().replace(row, { ...row, revision: 2, ...told })).toBe(true);
        }
      }
      expect(named).toHaveLength(50);
      expect(new Set(named)).toEqual(new Set(batchOf.values()));
    });

    it('return the rows without a notification, oldest first', async () => {
      const of = { batchId: 'batch' };
      const [done, failed] = await insert(
        exampleEnded('done', { ...of, warnings: [{ code: 'gaps', atSeconds: 1, count: 2 }] }),
        exampleEnded('failed', { ...of, attempt: 3 }),
        exampleEnded('cancelled', of),
        exampleConversion(of),
        exampleEnded('done', { ...of, ...told }),
        exampleEnded('failed', { ...of, ...removed }),
        exampleEnded('done', { ...of, owner: 'bert' }),
        exampleEnded('done', { batchId: 'other' }),
        exampleEnded('done'),
      );
      const { bytes, durationSeconds: seconds } = done?.result ?? {};
      expect(await untold('batch')).toEqual([
        { id: done?.id, attempt: 1, state: 'done', warned: true, seconds, bytes },
        { id: failed?.id, attempt: 3, state: 'failed', warned: false, seconds: 0, bytes: 0 },
      ]);
      expect(await untold('never')).toEqual([]);
    });

    it('return a row that belongs to none as its own batch', async () => {
      const [single, , other] = await insert(exampleEnded('failed'), exampleEnded('failed'), exampleConversion());
      expect((await untold(single?.id ?? '')).map(({ id }) => id)).toEqual([single?.id]);
      expect(await untold(other?.id ?? '')).toEqual([]);
    });

    it('return more than one portion', async () => {
      const records = await insert(
        ...Array.from({ length: moreThanPortion }, () => exampleEnded('done', { batchId: 'batch' })),
      );
      expect((await untold('batch')).map(({ id }) => id)).toEqual(records.map(({ id }) => id));
    });
  });

  describe('ends that a notification covers', () => {
    it('are marked, each with a new revision, and nothing else of the row changes', async () => {
      const ends = await insert(
        exampleEnded('done'),
        exampleEnded('failed', { attempt: 3, revision: 7, batchId: 'batch' }),
      );
      const { position } = await current().changes({ owner: 'anna', limit: 1 });
      await current().markTold(
        'the notification',
        ends.map(({ id, attempt }) => ({ conversionId: id, attempt })),
      );
      const marked = ends.map((row) => ({ ...row, revision: row.revision + 1, notificationId: 'the notification' }));
      expect(await Promise.all(ends.map(({ id }) => current().get(id)))).toEqual(marked);
      expect((await current().changes({ owner: 'anna', since: position, limit: 10 })).items).toHaveLength(2);
      expect(await untold('batch')).toEqual([]);
      expect(await current().batchSummary('anna', 'batch')).toMatchObject({ ended: 1, untold: 0 });
      const [first] = marked;
      if (first === undefined) throw new Error('nothing was marked');
      expect(await current().replace(first, { ...first, revision: first.revision + 1 })).toBe(true);
    });

    it('are not marked if the row has changed meanwhile, or is gone', async () => {
      const rows = await insert(
        exampleEnded('failed', { attempt: 2 }),
        exampleConversion({ state: 'converting' }),
        exampleEnded('cancelled'),
        exampleEnded('done', removed),
        exampleEnded('done', told),
      );
      const ends = [...rows.map(({ id }) => ({ conversionId: id, attempt: 1 })), { conversionId: 'never', attempt: 1 }];
      await current().markTold('another notification', ends);
      expect(await Promise.all(rows.map(({ id }) => current().get(id)))).toEqual(rows);
    });

    it('are marked up to 1,000 at once', async () => {
      const rows = await insert(...Array.from({ length: 50 }, () => exampleEnded('done', { batchId: 'batch' })));
      const missing = Array.from({ length: 950 }, (_, index) => `never ${index}`);
      const ids = [...missing, ...rows.map(({ id }) => id)];
      await current().markTold(
        'n',
        ids.map((conversionId) => ({ conversionId, attempt: 1 })),
      );
      expect(await current().batchSummary('anna', 'batch')).toMatchObject({ ended: 50, untold: 0 });
    });
  });
}

function withoutPeaks(row: ConversionRow | undefined): ConversionRow | undefined {
  return row?.result === undefined ? row : { ...row, result: { ...row.result, peaks: [] } };
}

function asScanned(row: ConversionRow): ScannedRow {
  const { id, owner, state, attempt, revision, batchId, source, sourceGone, upload } = row;
  const { converter, notBefore, endedAt, removedAt } = row;
  const all = {
    id,
    owner,
    state,
    attempt,
    revision,
    batchId,
    source,
    sourceGone,
    upload,
    converter,
    notBefore,
    endedAt,
    removedAt,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as unknown as ScannedRow;
}
