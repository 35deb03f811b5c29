import type { Collection, Db, Document } from 'mongodb';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { type MongoStores, openMongoStores } from '../../adapters/cluster/mongo-stores.ts';
import type { SkippedItem } from '../../ports/skipped-item.ts';
import { openTestDatabases, type TestDatabase, type TestDatabases } from './mongo-databases.ts';

/** What the tests of a file get: an empty database each, on one server. */
export interface UsedMongo {
  /** Opens the stores of the current test. They are closed after it. `options` go into the URL. */
  open(options?: Readonly<Record<string, string>>): Promise<MongoStores>;
  /** The database of the current test, through a client of its own. */
  database(): Db;
  collection(name: string): Collection<Document & { _id: string }>;
  /** What the stores of the current test have skipped. */
  readonly skipped: SkippedItem[];
}

/** To be called once in a test file. */
export function useMongo(): UsedMongo {
  let databases: TestDatabases | undefined;
  let current: TestDatabase | undefined;
  const opened: MongoStores[] = [];
  const skipped: SkippedItem[] = [];
  beforeAll(async () => {
    databases = await openTestDatabases();
  });
  afterAll(() => databases?.[Symbol.asyncDispose]());
  beforeEach(() => {
    current = databases?.take();
    skipped.length = 0;
  });
  afterEach(async () => {
    for (const stores of opened.splice(0)) await stores[Symbol.asyncDispose]();
    await current?.[Symbol.asyncDispose]();
  });

  function database(): Db {
    if (databases === undefined || current === undefined) throw new Error('no test is running');
    return databases.client.db(current.name);
  }

  return {
    async open(options = {}) {
      const url = new URL(current?.url ?? '');
      for (const [name, value] of Object.entries(options)) url.searchParams.set(name, value);
      const stores = await openMongoStores(url.href, (item) => skipped.push(item));
      opened.push(stores);
      return stores;
    },
    database,
    collection: (name) => database().collection(name),
    skipped,
  };
}
