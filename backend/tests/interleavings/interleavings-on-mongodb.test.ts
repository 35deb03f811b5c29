import { afterAll, beforeAll, describe, it } from 'vitest';
import { openMongoStores } from '../../adapters/cluster/mongo-stores.ts';
import { checkInterleavings } from '../check-interleavings.ts';
import { openTestDatabases, type TestDatabases } from '../stores/mongo-databases.ts';
import { plans } from './plans.ts';
import type { SimulatedStores } from './simulated-stores.ts';
import { simulate } from './simulation.ts';

let databases: TestDatabases;
beforeAll(async () => {
  databases = await openTestDatabases();
});
afterAll(() => databases[Symbol.asyncDispose]());

async function openStores(): Promise<SimulatedStores> {
  const database = databases.take();
  const stores = await openMongoStores(database.url);
  return {
    ...stores,
    async [Symbol.asyncDispose]() {
      await stores[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    },
  };
}

describe('over MongoDB, converters, sweepers, notifiers and people that all act at once', {
  timeout: 5 * 60_000,
}, () => {
  it('double nothing, lose nothing and change nothing in an illegal way', async () => {
    await checkInterleavings(12, plans, (scheduler, plan) => simulate(scheduler, plan, openStores));
  });
});
