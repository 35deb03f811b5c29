import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describeUserStore } from '../../ports/user-store.contract.ts';
import { openAccountsDatabase } from './accounts-database.ts';
import { createSqliteUserStore } from './sqlite-user-store.ts';

describeUserStore('SQLite', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'soundlift-accounts-'));
  const file = path.join(folder, 'accounts.db');
  let database = openAccountsDatabase(file);
  return {
    store: createSqliteUserStore(database),
    async reopen() {
      database[Symbol.dispose]();
      database = openAccountsDatabase(file);
      return createSqliteUserStore(database);
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
