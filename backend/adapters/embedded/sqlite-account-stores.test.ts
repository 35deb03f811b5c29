import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describeCodeStore } from '../../ports/code-store.contract.ts';
import { describeSessionStore } from '../../ports/session-store.contract.ts';
import { describeUserStore } from '../../ports/user-store.contract.ts';
import { openAccountsDatabase } from './accounts-database.ts';
import { createSqliteCodeStore } from './sqlite-code-store.ts';
import type { SqliteDatabase } from './sqlite-database.ts';
import { createSqliteSessionStore } from './sqlite-session-store.ts';
import { createSqliteUserStore } from './sqlite-user-store.ts';

/** A store in a new database of accounts. */
async function openUnderTest<Store>(create: (database: SqliteDatabase) => Store) {
  const folder = await mkdtemp(path.join(tmpdir(), 'soundlift-accounts-'));
  const file = path.join(folder, 'accounts.db');
  let database = openAccountsDatabase(file);
  return {
    store: create(database),
    async reopen() {
      database[Symbol.dispose]();
      database = openAccountsDatabase(file);
      return create(database);
    },
    async takeAway() {
      database[Symbol.dispose]();
    },
    async dispose() {
      database[Symbol.dispose]();
      await rm(folder, { recursive: true });
    },
  };
}

describeUserStore('SQLite', () => openUnderTest(createSqliteUserStore));
describeSessionStore('SQLite', () => openUnderTest(createSqliteSessionStore));
describeCodeStore('SQLite', () => openUnderTest(createSqliteCodeStore));
