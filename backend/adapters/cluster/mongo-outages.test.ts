import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exampleConversion } from '../../ports/conversion-examples.ts';
import { openBadLine } from '../../tests/running/bad-line.ts';
import { type CuttingProxy, startCuttingProxy } from '../../tests/servers/cutting-proxy.ts';
import { type PrivateMongo, startPrivateMongo } from '../../tests/servers/private-mongodb.ts';
import { everyCall, exampleRecord } from '../../tests/stores/every-call.ts';
import { type MongoStores, openMongoStores } from './mongo-stores.ts';

const unavailable = { name: 'AppError', code: 'unavailable' };

let server: PrivateMongo;
let stores: MongoStores;
beforeAll(async () => {
  server = await startPrivateMongo();
});
afterAll(() => server[Symbol.asyncDispose]());

describe('the stores in MongoDB', () => {
  beforeAll(async () => {
    stores = await openMongoStores(`${server.url}/outages`);
  });
  afterAll(() => stores[Symbol.asyncDispose]());

  it.each<[string, () => unknown, () => unknown]>([
    ['was killed', () => server.kill(), () => server.start()],
    ['is frozen', () => server.freeze(), () => server.thaw()],
  ])(
    'throw unavailable within seconds in each call while the server %s, and work again after',
    async (_, end, begin) => {
      const row = exampleConversion();
      await stores.conversions.insert(row);
      await end();
      const begun = performance.now();
      const calls = everyCall(stores, 'text');
      const failures = await Promise.all(
        calls.map(async ([name, call]) => {
          const error: unknown = await call().then(
            () => 'no error',
            (reason: unknown) => reason,
          );
          return [name, error];
        }),
      );
      const seconds = (performance.now() - begun) / 1000;
      await begin();
      expect(failures).toEqual(calls.map(([name]) => [name, expect.objectContaining(unavailable)]));
      // A machine that is busy may take longer. A call that hangs would not end at all.
      expect(seconds).toBeLessThan(30);
      await expect.poll(() => stores.conversions.get(row.id)).toEqual(row);
      const next = { ...row, revision: 2 };
      expect(await stores.conversions.replace(row, next)).toBe(true);
      expect(await stores.conversions.get(row.id)).toEqual(next);
    },
    120_000,
  );
});

describe('while connections to MongoDB break', () => {
  it('calls answer, or throw unavailable and nothing else', async () => {
    await using line = await openBadLine({ target: () => server.url.replace(/^mongodb/, 'http') });
    await using broken = await openMongoStores(`${line.url.replace(/^http/, 'mongodb')}/breaking`);
    const failures: unknown[] = [];
    for (let round = 0; round < 60; round += 1) {
      const calls = Array.from({ length: 8 }, () => broken.conversions.get('nobody'));
      const answers = Promise.allSettled(calls);
      // The driver begins to write in its own time.
      await delay(round % 4);
      line.cut();
      for (const answer of await answers) if (answer.status === 'rejected') failures.push(answer.reason);
    }
    expect(failures).toEqual(failures.map(() => expect.objectContaining(unavailable)));
    await expect.poll(() => broken.conversions.get('nobody').catch(() => 'broken')).toBeUndefined();
  });
});

describe('if the answer of MongoDB is lost', () => {
  let proxy: CuttingProxy;
  beforeAll(async () => {
    proxy = await startCuttingProxy(Number(new URL(server.url).port));
    // No heartbeat may come between a write and its answer.
    const quiet = 'serverMonitoringMode=poll&heartbeatFrequencyMS=600000';
    stores = await openMongoStores(`mongodb://127.0.0.1:${proxy.port}/answers?${quiet}`);
  });
  afterAll(async () => {
    await stores[Symbol.asyncDispose]();
    await proxy[Symbol.asyncDispose]();
  });

  it('an inserted row is there, and its id is taken', async () => {
    const row = exampleConversion({ uploadKey: 'key' });
    proxy.loseNextAnswer();
    await expect(stores.conversions.insert(row)).rejects.toMatchObject(unavailable);
    expect(await stores.conversions.get(row.id)).toEqual(row);
    expect(await stores.conversions.getByUploadKey('anna', 'key')).toEqual(row);
    await expect(stores.conversions.insert(row)).rejects.toMatchObject({ code: 'taken' });
  });

  it('a replaced row has its new revision, so the same write again changes nothing', async () => {
    const row = exampleConversion();
    await stores.conversions.insert(row);
    const next = { ...row, revision: 2, state: 'converting', turn: 7 } as const;
    proxy.loseNextAnswer();
    await expect(stores.conversions.replace(row, next)).rejects.toMatchObject(unavailable);
    expect(await stores.conversions.replace(row, next)).toBe(false);
    expect(await stores.conversions.get(row.id)).toEqual(next);
  });

  it('a lease is raised, so its holder no longer knows the counter', async () => {
    proxy.loseNextAnswer();
    await expect(stores.leases.raise('tidy', 0, true)).rejects.toMatchObject(unavailable);
    expect(await stores.leases.raise('tidy', 0, true)).toBe(false);
    expect(await stores.leases.read('tidy')).toEqual({ counter: 1, held: true });
  });

  it('a notification is stored once, and its mail is claimed once', async () => {
    const record = exampleRecord({ id: 'batch-1', owner: 'anna', batchId: 'batch' });
    const claimed = { revision: 1, tries: 1, due: record.notification.createdAt, claimed: true };
    proxy.loseNextAnswer();
    await expect(stores.notifications.insert(record)).rejects.toMatchObject(unavailable);
    expect(await stores.notifications.insert(record)).toBe(false);
    proxy.loseNextAnswer();
    await expect(stores.mailOutbox.replace('batch-1', 0, claimed)).rejects.toMatchObject(unavailable);
    expect(await stores.mailOutbox.replace('batch-1', 0, claimed)).toBe(false);
    expect(await stores.notifications.get('batch-1')).toEqual({ ...record, outboxMail: claimed });
  });

  it('a read is simply repeated', async () => {
    const row = exampleConversion();
    await stores.conversions.insert(row);
    proxy.loseNextAnswer();
    expect(await stores.conversions.get(row.id)).toEqual(row);
  });
});
