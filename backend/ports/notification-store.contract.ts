import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Notification } from '../../shared/api.ts';
import { foreignPositions, positionPattern } from './conversion-store-changes.contract.ts';
import type { NotificationQuery, NotificationRecord, NotificationStore } from './notification-store.ts';
import { stopWriterEverywhere } from './stopped-writer.ts';

/** An empty store, made by an adapter's test. */
export interface NotificationStoreUnderTest {
  readonly store: NotificationStore;
  /** The store of another process over the same data: see `SteppedStores`. */
  stepped(step: () => Promise<void>): NotificationStore;
  /** A second store over the same data, as after a restart. The first is no longer used. */
  reopen(): Promise<NotificationStore>;
  /** Makes the store's storage unavailable, like a server that is down. */
  takeAway(): Promise<void>;
  dispose(): Promise<void>;
}

const readTime = '2026-06-01T00:00:00.000Z';
const laterReadTime = '2026-06-02T00:00:00.000Z';

/** A notification made `ordinal` seconds after the first. */
function example(ordinal: number, given: Partial<Notification> = {}, owner = 'anna'): NotificationRecord {
  return {
    owner,
    notification: {
      id: `${owner}-${ordinal}`,
      kind: 'one',
      batchId: 'batch',
      conversionIds: ['conversion'],
      counts: { done: 1, failed: 0, warned: 0 },
      seconds: 61.5,
      bytes: 12_345,
      message: 'talk.mp3 is ready.',
      createdAt: new Date(Date.UTC(2026, 4, 4) + ordinal * 1000).toISOString(),
      ...given,
    },
    told: [{ conversionId: 'conversion', attempt: 1 }],
  };
}

/** Runs the contract of the port over the stores that `make` makes. */
export function describeNotificationStore(name: string, make: () => Promise<NotificationStoreUnderTest>): void {
  describe(`${name}, as a NotificationStore`, () => {
    let underTest: NotificationStoreUnderTest;
    let store: NotificationStore;
    beforeEach(async () => {
      underTest = await make();
      store = underTest.store;
    });
    afterEach(() => underTest.dispose());

    async function insert(...records: readonly NotificationRecord[]): Promise<readonly Notification[]> {
      for (const record of records) expect(await store.insert(record)).toBe(true);
      return records.map(({ notification }) => notification);
    }

    async function allPages(query: NotificationQuery): Promise<readonly Notification[]> {
      const all: Notification[] = [];
      let cursor: string | undefined;
      do {
        const { items, next } = await store.page(cursor === undefined ? query : { ...query, cursor });
        all.push(...items);
        cursor = next;
      } while (cursor !== undefined);
      return all;
    }

    it('returns what was inserted, with its conversions and their attempts', async () => {
      const record: NotificationRecord = {
        ...example(1, {
          kind: 'batch',
          conversionIds: ['one', 'other'],
          counts: { done: 1, failed: 1, warned: 1 },
          bytes: 9_007_199_254_740_991,
          mail: 'gave_up',
          message: '„Übung“ – 音 is ready.',
          readAt: readTime,
        }),
        told: [
          { conversionId: 'one', attempt: 1 },
          { conversionId: 'other', attempt: 3 },
        ],
      };
      const plain = example(2);
      await insert(record, plain);
      expect(await store.get(record.notification.id)).toEqual(record);
      expect(await store.get(plain.notification.id)).toEqual(plain);
      expect(await store.get('never')).toBeUndefined();
    });

    it('writes nothing if the id exists, for any owner', async () => {
      const record = example(1);
      await insert(record);
      expect(await store.insert(example(2, { id: record.notification.id, message: 'other' }))).toBe(false);
      expect(await store.insert({ ...record, owner: 'bert' })).toBe(false);
      expect(await store.get(record.notification.id)).toEqual(record);
      expect(await allPages({ owner: 'bert', limit: 10 })).toEqual([]);
    });

    it('stores only the first of many with the same id at once', async () => {
      const records = Array.from({ length: 20 }, (_, index) => example(index, { id: 'same' }));
      const won = await Promise.all(records.map((record) => store.insert(record)));
      expect(won.filter(Boolean)).toHaveLength(1);
      expect(await store.get('same')).toEqual(records[won.indexOf(true)]);
      expect(await allPages({ owner: 'anna', limit: 10 })).toHaveLength(1);
    });

    it('counts the notifications of one batch of one owner', async () => {
      expect(await store.countOfBatch('anna', 'batch')).toBe(0);
      await insert(example(1), example(2), example(3, { batchId: 'other' }), example(4, {}, 'bert'));
      expect(await store.countOfBatch('anna', 'batch')).toBe(2);
      expect(await store.countOfBatch('anna', 'other')).toBe(1);
      expect(await store.countOfBatch('bert', 'batch')).toBe(1);
      expect(await store.countOfBatch('bert', 'other')).toBe(0);
    });

    describe('pages', () => {
      it('show the newest of one owner first, and say if there are more', async () => {
        const all = (await insert(...[1, 2, 3, 4, 5].map((ordinal) => example(ordinal)))).toReversed();
        await insert(example(6, {}, 'bert'));
        const first = await store.page({ owner: 'anna', limit: 2 });
        expect(first.items).toEqual(all.slice(0, 2));
        const second = await store.page({ owner: 'anna', limit: 2, cursor: first.next ?? '' });
        expect(second.items).toEqual(all.slice(2, 4));
        const third = await store.page({ owner: 'anna', limit: 2, cursor: second.next ?? '' });
        expect(third).toEqual({ items: all.slice(4) });
        expect(await store.page({ owner: 'anna', limit: 5 })).toEqual({ items: all });
        expect(await store.page({ owner: 'nobody', limit: 5 })).toEqual({ items: [] });
      });

      it('are ordered by when a notification was made, not by when it was inserted', async () => {
        const [late, early] = await insert(example(9), example(1));
        expect(await allPages({ owner: 'anna', limit: 1 })).toEqual([late, early]);
      });

      it('show each once even if all were made at the same moment', async () => {
        const createdAt = example(0).notification.createdAt;
        const all = await insert(...Array.from({ length: 7 }, (_, ordinal) => example(ordinal, { createdAt })));
        const seen = await allPages({ owner: 'anna', limit: 2 });
        expect(seen.map(({ id }) => id).toSorted()).toEqual(all.map(({ id }) => id));
      });

      it('can be of only the unread ones', async () => {
        const all = await insert(...[1, 2, 3, 4, 5].map((ordinal) => example(ordinal)));
        await store.markRead('anna', ['anna-2', 'anna-5'], readTime);
        const unread = all.filter(({ id }) => id !== 'anna-2' && id !== 'anna-5').toReversed();
        expect(await allPages({ owner: 'anna', limit: 2, unread: true })).toEqual(unread);
        expect(await allPages({ owner: 'anna', limit: 2, unread: false })).toHaveLength(5);
      });

      it('neither repeat nor miss one while others are added and read', async () => {
        const all = await insert(...Array.from({ length: 10 }, (_, ordinal) => example(ordinal)));
        const seen: Notification[] = [];
        let cursor: string | undefined;
        let ordinal = 100;
        do {
          const query = { owner: 'anna', limit: 3, unread: true };
          const { items, next } = await store.page(cursor === undefined ? query : { ...query, cursor });
          seen.push(...items);
          cursor = next;
          await insert(example(ordinal++));
          await store.markRead(
            'anna',
            items.map(({ id }) => id),
            readTime,
          );
        } while (cursor !== undefined);
        expect(seen).toEqual(all.toReversed());
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
        await insert(example(1));
        await expect(store.page({ owner: 'anna', limit: 10, cursor })).rejects.toMatchObject({
          name: 'AppError',
          code: 'bad_request',
        });
      });

      it('give out cursors that need no escaping in a URL, however long the ids', async () => {
        await insert(example(1, { id: 'x'.repeat(250) }), example(2, { id: 'y'.repeat(250) }));
        const { next } = await store.page({ owner: 'anna', limit: 1 });
        // The public API accepts up to 200 characters.
        expect(next).toMatch(/^[A-Za-z0-9_-]{1,200}$/);
      });
    });

    describe('marking as read', () => {
      it('marks existing unread notifications of the owner, and returns which', async () => {
        await insert(example(1), example(2), example(3), example(4, {}, 'bert'));
        await store.markRead('anna', ['anna-3'], readTime);
        const marked = await store.markRead('anna', ['anna-1', 'anna-3', 'bert-4', 'never', 'anna-1'], laterReadTime);
        expect(marked).toEqual(['anna-1']);
        const readAts = await Promise.all(['anna-1', 'anna-2', 'anna-3', 'bert-4'].map((id) => store.get(id)));
        expect(readAts.map((record) => record?.notification.readAt)).toEqual([
          laterReadTime,
          undefined,
          readTime,
          undefined,
        ]);
        expect(await store.page({ owner: 'anna', limit: 1, unread: false })).toMatchObject({
          items: [{ id: 'anna-3', readAt: readTime }],
        });
      });

      it('marks nothing if no ids are given', async () => {
        await insert(example(1));
        expect(await store.markRead('anna', [], readTime)).toEqual([]);
        expect((await store.get('anna-1'))?.notification).not.toHaveProperty('readAt');
      });

      it('returns each id to only one of many calls that mark the same at once', async () => {
        await insert(...[1, 2, 3, 4, 5].map((ordinal) => example(ordinal)));
        const ids = [1, 2, 3, 4, 5].map((ordinal) => `anna-${ordinal}`);
        const marked = await Promise.all(Array.from({ length: 10 }, () => store.markRead('anna', ids, readTime)));
        expect(marked.flat().toSorted()).toEqual(ids);
      });
    });

    describe('changes', () => {
      async function position(owner = 'anna'): Promise<string> {
        return (await store.changes({ owner, limit: 10 })).position;
      }

      it('are none without a position', async () => {
        await insert(example(1), example(2));
        expect(await store.changes({ owner: 'anna', limit: 10 })).toEqual({
          items: [],
          position: expect.stringMatching(positionPattern),
          complete: true,
        });
      });

      it('are what was made and read since a position', async () => {
        await insert(example(1), example(2), example(3, {}, 'bert'));
        const since = await position();
        const [made] = await insert(example(4));
        await insert(example(5, {}, 'bert'));
        await store.markRead('anna', ['anna-1'], readTime);
        await store.markRead('bert', ['bert-3'], readTime);
        const { items, complete } = await store.changes({ owner: 'anna', since, limit: 10 });
        const read = { ...example(1).notification, readAt: readTime };
        expect(items.toSorted((one, other) => one.id.localeCompare(other.id))).toEqual([read, made]);
        expect(complete).toBe(true);
      });

      it('can be given by a store that was opened again', async () => {
        const since = await position();
        const [made] = await insert(example(1));
        store = await underTest.reopen();
        expect(await store.changes({ owner: 'anna', since, limit: 10 })).toMatchObject({
          items: [made],
          complete: true,
        });
      });

      it('say if there were more than requested', async () => {
        const since = await position();
        await insert(example(1), example(2), example(3));
        await store.markRead('anna', ['anna-1', 'anna-2', 'anna-3'], readTime);
        const { items, complete } = await store.changes({ owner: 'anna', since, limit: 2 });
        expect([items.length, complete]).toEqual([2, false]);
        expect(await store.changes({ owner: 'anna', since, limit: 3 })).toMatchObject({ complete: true });
      });

      it.each<[string, (store: NotificationStore, ordinal: number) => Promise<unknown>]>([
        ['inserts', (stepped, ordinal) => stepped.insert(example(1000 + ordinal))],
        ['marks as read', (stepped, ordinal) => stepped.markRead('anna', [`anna-${ordinal}`], readTime)],
      ])('miss nothing of a writer that %s a notification and is stopped at any of its steps', async (_, write) => {
        let ordinal = 0;
        const missed = await stopWriterEverywhere<NotificationStore, Notification>(
          { store, stepped: underTest.stepped },
          async () => {
            ordinal += 10;
            const stoppedOrdinal = ordinal;
            await insert(example(stoppedOrdinal));
            return {
              write: (stepped) => write(stepped, stoppedOrdinal),
              writeOther: (other) => other.insert(example(ordinal++ + 1)),
              changes: (reader, since) =>
                reader.changes({ owner: 'anna', limit: 1000, ...(since === undefined ? {} : { since }) }),
              all: () => allPages({ owner: 'anna', limit: 100 }),
            };
          },
        );
        expect(missed).toEqual([]);
      });

      it('are, in their order and in portions, what was made and read after a position', async () => {
        await insert(example(1), example(2), example(3, {}, 'bert'));
        const since = await position();
        const [made] = await insert(example(4));
        await insert(example(5, {}, 'bert'));
        await store.markRead('anna', ['anna-1'], readTime);
        const read = { ...example(1).notification, readAt: readTime };
        const first = await store.changesAfter({ owner: 'anna', since, limit: 1 });
        expect(first).toMatchObject({ items: [made], complete: false });
        const second = await store.changesAfter({ owner: 'anna', since: first?.position ?? '', limit: 1 });
        expect(second).toMatchObject({ items: [read], complete: true });
        const none = await store.changesAfter({ owner: 'anna', since: second?.position ?? '', limit: 1 });
        expect(none).toMatchObject({ items: [], complete: true });
        expect(await store.changesAfter({ owner: 'anna', since: 'x', limit: 1 })).toBeUndefined();
      });

      it.each(foreignPositions)('cannot be given since %j, which is no position', async (since) => {
        await insert(example(1));
        expect(await store.changes({ owner: 'anna', since, limit: 10 })).toMatchObject({ items: [], complete: false });
      });
    });

    it('removes old notifications of all owners, in portions, and none whose mail is still in the outbox', async () => {
      const outboxMail = { revision: 0, tries: 0, due: readTime, claimed: false };
      await insert(example(1), example(2), example(3, {}, 'bert'), { ...example(4, {}, 'cleo'), outboxMail });
      await insert(example(5), example(6, {}, 'bert'));
      const before = example(5).notification.createdAt;
      expect([await store.removeBefore(before, 2), await store.removeBefore(before, 2)]).toEqual([2, 1]);
      expect(await store.removeBefore(before, 2)).toBe(0);
      const left = [];
      for (const owner of ['anna', 'bert', 'cleo']) left.push(...(await store.page({ owner, limit: 10 })).items);
      expect(left.map(({ id }) => id)).toEqual(['anna-5', 'bert-6', 'cleo-4']);
    });

    it('removes all notifications of one owner, and none of another', async () => {
      await insert(example(1), example(2));
      const [kept] = await insert(example(1, {}, 'bert'));
      await store.removeAllOf('anna');
      await store.removeAllOf('anna');
      expect(await store.get('anna-1')).toBeUndefined();
      expect(await store.page({ owner: 'anna', limit: 10 })).toEqual({ items: [] });
      expect(await store.countOfBatch('anna', 'batch')).toBe(0);
      expect((await store.page({ owner: 'bert', limit: 10 })).items).toEqual([kept]);
    });

    it('has everything after it is opened again', async () => {
      const read = example(1);
      const unread = example(2);
      await insert(read, unread);
      await store.markRead('anna', ['anna-1'], readTime);
      store = await underTest.reopen();
      expect(await store.get('anna-1')).toEqual({ ...read, notification: { ...read.notification, readAt: readTime } });
      expect(await store.get('anna-2')).toEqual(unread);
      expect(await store.countOfBatch('anna', 'batch')).toBe(2);
    });

    it('throws unavailable if its storage cannot be reached', async () => {
      await insert(example(1));
      await underTest.takeAway();
      const calls = [
        () => store.insert(example(2)),
        () => store.get('anna-1'),
        () => store.countOfBatch('anna', 'batch'),
        () => store.page({ owner: 'anna', limit: 10 }),
        () => store.changes({ owner: 'anna', limit: 10 }),
        () => store.changesAfter({ owner: 'anna', since: '', limit: 10 }),
        () => store.markRead('anna', ['anna-1'], readTime),
        () => store.removeBefore(readTime, 1),
        () => store.removeAllOf('anna'),
      ];
      for (const call of calls) await expect(call()).rejects.toMatchObject({ name: 'AppError', code: 'unavailable' });
    });
  });
}
