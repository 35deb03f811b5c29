import { describe, expect, it } from 'vitest';
import { exampleConversion, exampleEnded, exampleTime } from '../../ports/conversion-examples.ts';
import { readingInSteps, steppedDatabase } from '../../tests/stores/stepped-mongo.ts';
import { useMongo } from '../../tests/stores/use-mongo.ts';
import { createMongoStores } from './mongo-stores.ts';

const mongo = useMongo();

describe('the changes in MongoDB', () => {
  it('are numbered once, in the order in which they were written, however many read them at once', async () => {
    const { conversions } = await mongo.open();
    const { position: since } = await conversions.changes({ owner: 'anna', limit: 1 });
    const rows = Array.from({ length: 20 }, () => exampleConversion()).toReversed();
    for (const row of rows) await conversions.insert(row);
    const read = () => conversions.changesAfter({ owner: 'anna', since, limit: 100 });
    const first = await read();
    expect(first?.items).toEqual(rows);
    for (const row of rows) await conversions.replace(row, { ...row, revision: 2 });
    await Promise.all(Array.from({ length: 4 }, read));
    const again = await read();
    expect(again).toMatchObject({ complete: true });
    expect(new Set(again?.items.map(({ id }) => id))).toEqual(new Set(rows.map(({ id }) => id)));
    const numbers = await mongo.collection('conversions').distinct('change');
    expect(numbers).toHaveLength(rows.length);
  });

  it('include a later write, even if a reader that was frozen before has drawn an earlier number', async () => {
    const { conversions, client } = await mongo.open();
    const stopped = Promise.withResolvers<void>();
    const goesOn = Promise.withResolvers<void>();
    let step = async (): Promise<void> => undefined;
    const other = await createMongoStores(
      steppedDatabase(client.db(mongo.database().databaseName), () => step()),
      () => undefined,
    );
    await conversions.insert(exampleEnded('failed'));
    await conversions.changes({ owner: 'anna', limit: 10 });
    const row = exampleEnded('failed');
    await conversions.insert(row);
    let writes = 0;
    // Its first write draws numbers, and its second gives them to rows.
    step = async () => {
      writes += 1;
      if (writes !== 2) return;
      stopped.resolve();
      await goesOn.promise;
    };
    const reading = other.conversions.changes({ owner: 'anna', limit: 10 });
    await stopped.promise;
    const { position: since } = await conversions.changes({ owner: 'anna', limit: 10 });
    const next = { ...row, notificationId: 'notification', revision: 2 };
    expect(await conversions.replace(row, next)).toBe(true);
    goesOn.resolve();
    await reading;
    const changes = await conversions.changes({ owner: 'anna', since, limit: 10 });
    expect(changes).toMatchObject({ items: [next], complete: true });
  });

  it('are not determined if a removed row is deleted while they are read', async () => {
    const { conversions, client } = await mongo.open();
    const row = exampleEnded('failed');
    const removed = { ...row, removedAt: exampleTime, revision: 2 };
    await conversions.insert(row);
    const { position: since } = await conversions.changes({ owner: 'anna', limit: 10 });
    await conversions.replace(row, removed);
    await conversions.changes({ owner: 'anna', limit: 10 });
    const missed: number[] = [];
    // Stopped before each of its reads in turn.
    for (let stopAt = 0; ; stopAt += 1) {
      // None counts while the stores are opened.
      let reads = Number.NEGATIVE_INFINITY;
      let isStopped = false;
      const reader = await createMongoStores(
        readingInSteps(client.db(mongo.database().databaseName), async () => {
          reads += 1;
          if (reads !== stopAt) return;
          isStopped = true;
          expect(await conversions.forget(removed)).toBe(true);
        }),
        () => undefined,
      );
      reads = -1;
      const { items, complete } = await reader.conversions.changes({ owner: 'anna', since, limit: 10 });
      if (complete && items.length === 0) missed.push(stopAt);
      if (!isStopped) break;
      await conversions.insert(removed);
      await mongo.collection('conversion_changes').updateOne({}, { $set: { forgotten: 0 } });
    }
    expect(missed).toEqual([]);
  });
});
