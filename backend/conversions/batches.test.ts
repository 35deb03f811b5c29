import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Notification } from '../../shared/api.ts';
import { AppError } from '../../shared/errors.ts';
import { exampleEnded } from '../ports/conversion-examples.ts';
import type { ConversionStore } from '../ports/conversion-store.ts';
import type { NotificationStore } from '../ports/notification-store.ts';
import { makeTestConversions, type TestConversions } from '../tests/test-conversions.ts';
import { type Batches, createBatches } from './batches.ts';
import { createRows } from './rows.ts';

const minute = 60;
const mp3 = { fileName: 'talk.mp3', bytes: 40, durationSeconds: 2, sha256: 'ab' };

let test: TestConversions;
beforeEach(async () => {
  test = await makeTestConversions();
});
afterEach(async () => {
  await test[Symbol.asyncDispose]();
});

async function submit(batch: { batchId?: string; batchSize?: number } = {}, fileName = 'talk.mp4'): Promise<string> {
  const intake = { fileName, options: { format: 'mp3' }, path: '/talk.mp4', bytes: 5, ...batch } as const;
  return (await test.conversions.owned.submitFile('anna', intake)).id;
}

async function end(id: string, how: 'done' | 'warned' | 'failed' | 'cancelled'): Promise<void> {
  if (how === 'cancelled') return void (await test.conversions.owned.cancel('anna', id));
  const taken = await test.take(id);
  if (taken.kind !== 'work') throw new Error(`cannot be taken: ${taken.kind}`);
  if (how === 'failed') return void (await taken.work.fail(new AppError('no_audio', 'There is no sound in it.')));
  await taken.work.finish(
    { ...mp3, peaks: [] },
    how === 'warned' ? [{ code: 'cut_short', atSeconds: 2, ofSeconds: 5 }] : [],
  );
}

/** Does what the notifier does. */
async function deliver(): Promise<void> {
  if (test.mp3Queue.take().length > 0) await test.conversions.batches.tellOfEnds();
}

/** The batches of a notifier with other stores. */
function batchesOf(stores: { store?: ConversionStore; notifications?: NotificationStore }): Batches {
  const retention = { sourceSeconds: 1, resultSeconds: 1 };
  const parts = { ...test, log: pino({ level: 'silent' }), retention, ...stores };
  return createBatches({ ...parts, rows: createRows(parts) });
}

async function notifications(): Promise<readonly Notification[]> {
  return (await test.conversions.notifications.page({ owner: 'anna', limit: 100 })).items;
}

describe('a batch', () => {
  it('of one conversion is notified when it ends', async () => {
    const id = await submit();
    await end(id, 'done');
    await deliver();
    expect(await notifications()).toMatchObject([
      {
        kind: 'one',
        batchId: id,
        conversionIds: [id],
        counts: { done: 1, failed: 0, warned: 0 },
        seconds: 2,
        bytes: 40,
        message: 'talk.mp3 is ready.',
      },
    ]);
    expect(test.told.filter(({ type }) => type === 'notification')).toHaveLength(1);
  });

  it('is notified once, when as many conversions have ended as its size says', async () => {
    const batch = { batchId: 'b', batchSize: 4 };
    const ids = [await submit(batch), await submit(batch), await submit(batch), await submit(batch)];
    await end(ids[0] ?? '', 'done');
    await end(ids[1] ?? '', 'failed');
    await end(ids[2] ?? '', 'cancelled');
    await deliver();
    expect(await notifications()).toEqual([]);
    await end(ids[3] ?? '', 'warned');
    await deliver();
    expect(await notifications()).toMatchObject([
      { kind: 'batch', batchId: 'b', counts: { done: 2, failed: 1, warned: 1 }, seconds: 4, bytes: 80 },
    ]);
  });

  it('without a known size is notified after ten minutes without work', async () => {
    const first = await submit({ batchId: 'b' });
    const second = await submit({ batchId: 'b' });
    await end(first, 'done');
    await deliver();
    test.pass(11 * minute);
    await test.conversions.batches.tellOfEnds();
    expect(await notifications()).toEqual([]);
    await end(second, 'done');
    test.pass(9 * minute);
    await deliver();
    expect(await notifications()).toEqual([]);
    test.pass(2 * minute);
    await test.conversions.batches.tellOfEnds();
    expect(await notifications()).toMatchObject([{ conversionIds: [first, second] }]);
  });

  it('without a known size is neither notified early nor late because the clock jumps', async () => {
    for (const seconds of [25 * 3600, -3600]) {
      const batchId = `b${seconds}`;
      const ids = [await submit({ batchId }), await submit({ batchId })];
      for (const id of ids) await end(id, 'done');
      const { tellOfEnds } = test.conversions.batches;
      expect(await tellOfEnds()).toEqual([]);
      test.jump(seconds);
      test.pass(599);
      expect(await tellOfEnds()).toEqual([]);
      test.pass(1);
      expect(await tellOfEnds()).toHaveLength(1);
    }
  });

  it('is notified a second time for conversions that come later', async () => {
    const first = await submit({ batchId: 'b', batchSize: 1 });
    await end(first, 'done');
    await deliver();
    const second = await submit({ batchId: 'b', batchSize: 1 });
    await end(second, 'failed');
    await deliver();
    expect((await notifications()).map(({ conversionIds }) => conversionIds)).toEqual([[second], [first]]);
  });

  it('is notified again after a retry, with only the retried conversion', async () => {
    const id = await submit();
    await end(id, 'failed');
    await deliver();
    await test.conversions.owned.retry('anna', id);
    await end(id, 'done');
    await deliver();
    expect((await notifications()).map(({ counts }) => counts)).toEqual([
      { done: 1, failed: 0, warned: 0 },
      { done: 0, failed: 1, warned: 0 },
    ]);
  });

  it('of only cancelled conversions makes no notification', async () => {
    const batch = { batchId: 'b', batchSize: 2 };
    for (const id of [await submit(batch), await submit(batch)]) await end(id, 'cancelled');
    await end(await submit(), 'cancelled');
    await deliver();
    expect(await notifications()).toEqual([]);
  });

  it('counts a removed conversion as ended', async () => {
    const batch = { batchId: 'b', batchSize: 2 };
    const [first, second] = [await submit(batch), await submit(batch)];
    await end(first, 'done');
    await test.conversions.owned.remove('anna', second);
    await deliver();
    expect(await notifications()).toMatchObject([{ kind: 'one', conversionIds: [first] }]);
  });

  it.each([
    ['at once', 3],
    ['one after the other', 1],
  ])('of three that were taken back and submitted again %s is notified once', async (_, atOnce) => {
    const batch = { batchId: 'b', batchSize: 3 };
    const { owned } = test.conversions;
    for (const id of [await submit(batch), await submit(batch), await submit(batch)]) await owned.remove('anna', id);
    await deliver();
    for (let left = 3; left > 0; left -= atOnce) {
      const again = [];
      for (let index = 0; index < atOnce; index += 1) again.push(await submit(batch));
      for (const id of again) {
        await end(id, 'done');
        await deliver();
      }
    }
    expect(await notifications()).toMatchObject([{ kind: 'batch', counts: { done: 3 } }]);
  });

  it('of three, one of which was taken back and submitted again, is notified once', async () => {
    const batch = { batchId: 'b', batchSize: 3 };
    const [first, second, third] = [await submit(batch), await submit(batch), await submit(batch)];
    await test.conversions.owned.remove('anna', second);
    const again = await submit(batch);
    for (const id of [first, third, again]) {
      expect(await notifications()).toEqual([]);
      await end(id, 'done');
      await deliver();
    }
    expect(await notifications()).toMatchObject([{ counts: { done: 3 } }]);
  });

  it('that has not ended costs one query, however many of its ends are in no notification', async () => {
    const batch = { batchId: 'b', batchSize: 100 };
    for (let index = 0; index < 20; index += 1) await end(await submit(batch), 'done');
    let looks = 0;
    const batchSummary: ConversionStore['batchSummary'] = async (...names) => {
      looks += 1;
      return await test.store.batchSummary(...names);
    };
    expect(await batchesOf({ store: { ...test.store, batchSummary } }).tellOfEnds()).toEqual([]);
    expect(looks).toBe(1);
  });

  it('of many is notified with few calls to the store, and names only the first 100', async () => {
    const ends = Array.from({ length: 1200 }, () =>
      exampleEnded('done', { batchId: 'b', batchSize: 1201, result: { ...mp3, peaks: [] } }),
    );
    await Promise.all([...ends, exampleEnded('failed', { batchId: 'b' })].map((row) => test.store.insert(row)));
    const calls: string[] = [];
    const store = new Proxy(test.store, {
      get(from, name: keyof ConversionStore) {
        calls.push(name);
        return from[name];
      },
    });
    const [record] = await batchesOf({ store }).tellOfEnds();
    expect(calls).toEqual([
      'untoldBatches',
      'get',
      'batchSummary',
      'untoldOfBatch',
      'markTold',
      'markTold',
      'markTold',
      'get',
      'batchSummary',
    ]);
    expect(record?.told).toHaveLength(1201);
    const conversionIds = ends.slice(0, 100).map(({ id }) => id);
    const shown = { conversionIds, counts: { done: 1200, failed: 1 }, bytes: 48_000 };
    expect(await notifications()).toMatchObject([shown]);
    expect(test.told.at(-1)).toMatchObject({ type: 'notification', notification: shown });
    expect(await test.store.batchSummary('anna', 'b')).toMatchObject({ untold: 0 });
  });

  it('that cannot be read does not delay other batches', async () => {
    const first = await submit();
    const second = await submit();
    await end(first, 'done');
    await end(second, 'done');
    const countOfBatch: NotificationStore['countOfBatch'] = async (owner, batchId) => {
      if (batchId === first) throw new AppError('unavailable', 'The storage cannot be reached.');
      return await test.notifications.countOfBatch(owner, batchId);
    };
    await batchesOf({ notifications: { ...test.notifications, countOfBatch } }).tellOfEnds();
    expect((await notifications()).map(({ batchId }) => batchId)).toEqual([second]);
    await test.conversions.batches.tellOfEnds();
    expect((await notifications()).map(({ batchId }) => batchId)).toEqual([first, second]);
  });

  it('is notified once, however many notifiers handle it at the same moment', async () => {
    const batch = { batchId: 'b', batchSize: 3 };
    const ids = [await submit(batch), await submit(batch), await submit(batch)];
    for (const id of ids) await end(id, 'done');
    await Promise.all([...ids, ...ids].map(() => test.conversions.batches.tellOfEnds()));
    expect(await notifications()).toHaveLength(1);
  });

  it('is not notified again after a notifier died before it marked the rows', async () => {
    const id = await submit();
    await end(id, 'done');
    const unmarked = await test.store.get(id);
    await deliver();
    const marked = await test.store.get(id);
    if (unmarked === undefined || marked === undefined) throw new Error('the row is gone');
    await test.store.replace(marked, { ...unmarked, revision: marked.revision + 1 });
    await test.conversions.batches.tellOfEnds();
    expect(await notifications()).toHaveLength(1);
    expect((await test.store.get(id))?.notificationId).toBeDefined();
  });

  it('is notified although the row of a conversion removed long ago was deleted', async () => {
    const batch = { batchId: 'b', batchSize: 2 };
    const [first, second] = [await submit(batch), await submit(batch)];
    await end(first, 'done');
    await end(second, 'done');
    const unmarked = await test.store.get(second);
    await deliver();
    await test.conversions.owned.remove('anna', first);
    const [removed, marked] = [await test.store.get(first), await test.store.get(second)];
    if (unmarked === undefined || removed === undefined || marked === undefined) throw new Error('a row is gone');
    await test.store.forget(removed);
    await test.store.replace(marked, { ...unmarked, revision: marked.revision + 1 });
    test.pass(7 * 24 * 60 * minute);
    await test.conversions.batches.tellOfEnds();
    expect((await test.store.get(second))?.notificationId).toBeDefined();
    expect(await notifications()).toHaveLength(1);
  });

  it('is separate from another owner’s batch with the same id', async () => {
    const id = await submit({ batchId: 'b', batchSize: 2 });
    const intake = {
      fileName: 'x.mp4',
      options: { format: 'mp3' },
      path: '/x',
      bytes: 1,
      batchId: 'b',
      batchSize: 2,
    } as const;
    await test.conversions.owned.submitFile('bert', intake);
    await end(id, 'done');
    await deliver();
    expect(await notifications()).toEqual([]);
  });
});

describe('notifications', () => {
  it('can be marked as read only by their owner, and the event is sent once', async () => {
    await end(await submit(), 'done');
    await deliver();
    const [{ id } = { id: '' }] = await notifications();
    await test.conversions.notifications.markRead('bert', [id]);
    expect((await notifications())[0]).not.toHaveProperty('readAt');
    await test.conversions.notifications.markRead('anna', [id, 'never-was']);
    await test.conversions.notifications.markRead('anna', [id]);
    await Promise.resolve();
    expect((await notifications())[0]).toHaveProperty('readAt');
    expect(test.told.filter(({ type }) => type === 'read')).toEqual([{ type: 'read', ids: [id] }]);
  });
});

describe('a mail', () => {
  async function told(sendsMail: boolean) {
    await test[Symbol.asyncDispose]();
    test = await makeTestConversions({ sendsMail });
    await end(await submit(), 'done');
    await deliver();
    const [notification] = await notifications();
    return await test.notifications.get(notification?.id ?? '');
  }

  it('is owed as soon as the notification exists', async () => {
    const row = await told(true);
    expect(row?.outboxMail).toEqual({ revision: 0, tries: 0, due: row?.notification.createdAt, claimed: false });
    // The notification has no mail outcome before the mail has ended.
    expect(row?.notification).not.toHaveProperty('mail');
  });

  it('is not owed if this server does not send mail', async () => {
    expect(await told(false)).not.toHaveProperty('outboxMail');
  });
});
