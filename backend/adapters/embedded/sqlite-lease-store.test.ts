import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describeLeaseStore } from '../../ports/lease-store.contract.ts';
import { openConversionsDatabase } from './conversions-database.ts';
import { createSqliteLeaseStore } from './sqlite-lease-store.ts';

describeLeaseStore('SQLite', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'soundlift-leases-'));
  const file = path.join(folder, 'conversions.db');
  let database = openConversionsDatabase(file);
  return {
    store: createSqliteLeaseStore(database),
    async reopen() {
      database[Symbol.dispose]();
      database = openConversionsDatabase(file);
      return createSqliteLeaseStore(database);
    },
    async takeAway() {
      database[Symbol.dispose]();
    },
    async dispose() {
      database[Symbol.dispose]();
      await rm(folder, { recursive: true });
    },
  };
});
