import { afterAll, beforeAll } from 'vitest';
import { describeConversionStore } from '../../ports/conversion-store.contract.ts';
import { describeLeaseStore } from '../../ports/lease-store.contract.ts';
import { describeMailOutboxStore } from '../../ports/mail-outbox-store.contract.ts';
import { describeNotificationStore } from '../../ports/notification-store.contract.ts';
import { openTestDatabases, type TestDatabases } from '../../tests/stores/mongo-databases.ts';
import { steppedAfter, steppedDatabase } from '../../tests/stores/stepped-mongo.ts';
import { createMongoStores, type MongoStores, openMongoStores } from './mongo-stores.ts';

let databases: TestDatabases;
beforeAll(async () => {
  databases = await openTestDatabases();
});
afterAll(() => databases[Symbol.asyncDispose]());

type Stores = Awaited<ReturnType<typeof createMongoStores>>;

/** One of the stores, in an empty database, as the contracts want it. */
async function make<Name extends keyof Stores>(storeName: Name) {
  const database = databases.take();
  let stores = await openMongoStores(database.url);
  let step = async (): Promise<void> => undefined;
  const stepped = await createMongoStores(
    steppedDatabase(stores.client.db(database.name), () => step()),
    () => undefined,
  );
  const others: MongoStores[] = [];
  return {
    store: stores[storeName],
    stepped(next: () => Promise<void>): Stores[Name] {
      step = next;
      return steppedAfter(stepped[storeName], next);
    },
    async reopen() {
      others.push(stores);
      stores = await openMongoStores(database.url);
      return stores[storeName];
    },
    takeAway: () => stores.client.close(),
    async dispose() {
      for (const each of [stores, ...others]) await each[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    },
  };
}

describeConversionStore('MongoDB', () => make('conversions'));
describeNotificationStore('MongoDB', () => make('notifications'));
describeLeaseStore('MongoDB', () => make('leases'));

describeMailOutboxStore('MongoDB', async () => {
  const database = databases.take();
  let stores = await openMongoStores(database.url);
  const both = () => ({ mails: stores.mailOutbox, notifications: stores.notifications });
  return {
    ...both(),
    async reopen() {
      await stores[Symbol.asyncDispose]();
      stores = await openMongoStores(database.url);
      return both();
    },
    takeAway: () => stores.client.close(),
    async dispose() {
      await stores[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    },
  };
});
