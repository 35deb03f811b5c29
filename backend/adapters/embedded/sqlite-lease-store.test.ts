import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describeLeaseStore } from '../../ports/lease-store.contract.ts';
import { openStores } from '../../tests/stores/open-stores.ts';

describeLeaseStore('SQLite', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'soundlift-leases-'));
  const file = path.join(folder, 'conversions.db');
  let stores = await openStores('conversions', file);
  return {
    store: stores.leases,
    async reopen() {
      await stores[Symbol.asyncDispose]();
      stores = await openStores('conversions', file);
      return stores.leases;
    },
    async takeAway() {
      await stores[Symbol.asyncDispose]();
    },
    async dispose() {
      await stores[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
});
