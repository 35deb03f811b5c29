import { Binary, type Document } from 'mongodb';
import { describe, expect, it } from 'vitest';
import { exampleConversion, exampleEnded, exampleTime } from '../../ports/conversion-examples.ts';
import { exampleRecord } from '../../tests/stores/every-call.ts';
import { useMongo } from '../../tests/stores/use-mongo.ts';
import { conversionsTable } from './mongo-conversion-documents.ts';
import { notificationsTable } from './mongo-notification-documents.ts';

const mongo = useMongo();

async function collect<Item>(items: AsyncIterable<Item>): Promise<readonly Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}

describe('a database of MongoDB', () => {
  it('can be opened by several processes at once, and is the same for all of them', async () => {
    await mongo.database().dropDatabase();
    const all = await Promise.all(Array.from({ length: 5 }, () => mongo.open()));
    const positions = await Promise.all(all.map(({ conversions }) => conversions.changes({ owner: 'anna', limit: 1 })));
    expect(new Set(positions.map(({ position }) => position)).size).toBe(1);
    for (const { name, indexes } of [conversionsTable, notificationsTable]) {
      const found = await mongo.collection(name).indexes();
      expect(new Set(found.map((index) => index.name))).toEqual(new Set(['_id_', ...Object.keys(indexes)]));
    }
  });

  it('that a newer version has written is refused in one sentence, and stays as it is', async () => {
    await mongo.open();
    await mongo.collection('contents').updateOne({}, { $set: { version: 2 } });
    const before = await mongo.collection('contents').find().toArray();
    await expect(mongo.open()).rejects.toMatchObject({
      code: 'unsupported',
      message:
        'The database that MONGODB_URL names was written by a newer version of Soundlift; update Soundlift to use it, or name another database.',
    });
    expect(await mongo.collection('contents').find().toArray()).toEqual(before);
  });
});

describe('a row in MongoDB that cannot be read', () => {
  const damages: readonly (readonly [string, Document])[] = [
    ['lacks a field', { $unset: { 'row.fileName': true } }],
    ['has a number for a text', { $set: { 'row.owner': 7 } }],
    ['has an invalid time', { $set: { 'row.createdAt': 'yesterday' } }],
    ['has another id', { $set: { 'row.id': 'other' } }],
    ['has a text for its source', { $set: { 'row.source': 'blob' } }],
  ];

  it.each(damages)('because it %s, is reported, and the next one goes first', async (_, damage) => {
    const { conversions } = await mongo.open();
    const [bad, good] = [exampleConversion(), exampleConversion()];
    for (const row of [bad, good]) await conversions.insert(row);
    await mongo.collection('conversions').updateOne({ _id: bad.id }, damage);
    for (let count = 0; count < 2; count += 1) await conversions.get(bad.id);
    expect(await conversions.get(bad.id)).toBeUndefined();
    expect((await conversions.nextQueued(exampleTime, exampleTime))?.row).toEqual(good);
    expect(await conversions.countActive()).toEqual({ uploading: 0, queued: 1, converting: 0 });
    expect((await conversions.page({ owner: 'anna', limit: 10 })).items).toEqual([good]);
    expect(await conversions.scanIds([bad.id, good.id])).toMatchObject({
      rows: [{ id: good.id }],
      unreadable: [bad.id],
    });
    expect(mongo.skipped.map(({ kind, id }) => `${kind} ${id}`)).toEqual([`conversion ${bad.id}`]);
  });

  it('counts as ended in its batch, and stays stored until its owner is removed', async () => {
    const { conversions } = await mongo.open();
    const [bad, good] = [exampleConversion({ batchId: 'batch' }), exampleEnded('done', { batchId: 'batch' })];
    for (const row of [bad, good]) await conversions.insert(row);
    await mongo.collection('conversions').updateOne({ _id: bad.id }, { $unset: { 'row.fileName': true } });
    expect(await collect(conversions.scan('queued'))).toHaveLength(1);
    expect(await conversions.get(bad.id)).toBeUndefined();
    expect(await conversions.batchSummary('anna', 'batch')).toMatchObject({ active: 0, ended: 2, untold: 1 });
    expect(await collect(conversions.scan('queued'))).toEqual([]);
    await conversions.forgetUnreadable('bert');
    expect(await mongo.collection('conversions').countDocuments({ _id: bad.id })).toBe(1);
    await conversions.forgetUnreadable('anna');
    expect(await mongo.collection('conversions').countDocuments({ _id: bad.id })).toBe(0);
    expect(await conversions.get(good.id)).toEqual(good);
  });

  it('is read again after the next start, if it was mended', async () => {
    const first = await mongo.open();
    const done = exampleEnded('done', { turn: 3 });
    const [mended, broken] = [exampleConversion({ uploadKey: 'key' }), exampleConversion()];
    for (const row of [mended, broken, done]) {
      await first.conversions.insert(row);
      await mongo.collection('conversions').updateOne({ _id: row.id }, { $set: { 'row.fileName': 7 } });
      expect(await first.conversions.get(row.id)).toBeUndefined();
    }
    const mend = { $set: { 'unreadable.fileName': 'talk.mp4' } };
    for (const { id } of [mended, done]) await mongo.collection('conversions').updateOne({ _id: id }, mend);
    mongo.skipped.length = 0;
    const { conversions } = await mongo.open();
    expect(await conversions.get(mended.id)).toEqual(mended);
    expect(await conversions.get(done.id)).toEqual(done);
    expect(await conversions.getByUploadKey('anna', 'key')).toEqual(mended);
    expect((await conversions.nextQueued(exampleTime, exampleTime))?.row).toEqual(mended);
    expect(mongo.skipped.map(({ id }) => id)).toEqual([broken.id]);
  });

  it('is left out of the notifications, and reported', async () => {
    const { notifications, mailOutbox } = await mongo.open();
    for (const id of ['bad', 'good'])
      await notifications.insert(exampleRecord({ id, owner: 'anna', batchId: 'batch' }));
    await mongo.collection('notifications').updateOne({ _id: 'bad' }, { $unset: { 'notification.message': true } });
    expect(await notifications.get('bad')).toBeUndefined();
    expect((await notifications.page({ owner: 'anna', limit: 10 })).items.map(({ id }) => id)).toEqual(['good']);
    expect((await collect(mailOutbox.list())).map(({ notification }) => notification.id)).toEqual(['good']);
    expect(mongo.skipped.map(({ kind, id }) => `${kind} ${id}`)).toEqual(
      Array.from({ length: 3 }, () => 'notification bad'),
    );
  });
});

describe('conversions in MongoDB', () => {
  it('store peaks apart from what lists read', async () => {
    const { conversions } = await mongo.open();
    const row = exampleEnded('done');
    await conversions.insert(row);
    const stored = await mongo.collection('conversions').findOne({ _id: row.id });
    expect(stored?.['row']).toMatchObject({ result: { peaks: [] } });
    expect(stored?.['peaks']).toEqual(new Binary(Uint8Array.from(row.result?.peaks ?? [])));
  });
});
