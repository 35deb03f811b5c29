import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { describeCodeStore } from '../../ports/code-store.contract.ts';
import { describeSessionStore } from '../../ports/session-store.contract.ts';
import { describeUserStore } from '../../ports/user-store.contract.ts';
import { openStores } from '../../tests/stores/open-stores.ts';
import { openAccountsDatabase } from './accounts-database.ts';
import { createSqliteSessionStore } from './sqlite-session-store.ts';
import type { AccountsStores } from './store-calls.ts';

/** A store in a new database of accounts. */
async function openUnderTest<Name extends keyof AccountsStores>(name: Name) {
  const folder = await mkdtemp(path.join(tmpdir(), 'soundlift-accounts-'));
  const file = path.join(folder, 'accounts.db');
  let stores = await openStores('accounts', file);
  return {
    store: stores[name],
    async reopen() {
      await stores[Symbol.asyncDispose]();
      stores = await openStores('accounts', file);
      return stores[name];
    },
    async takeAway() {
      await stores[Symbol.asyncDispose]();
    },
    async dispose() {
      await stores[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
}

describeUserStore('SQLite', () => openUnderTest('users'));
describeSessionStore('SQLite', () => openUnderTest('sessions'));
describeCodeStore('SQLite', () => openUnderTest('codes'));

it.each(['{', '', 'null', '5', '{"family":"x"}'])('takes a session whose tokens are %s for ended', async (tokens) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'soundlift-accounts-'));
  try {
    using database = openAccountsDatabase(path.join(folder, 'accounts.db'));
    const store = createSqliteSessionStore(database);
    const used = [{ hash: 'b', at: '2026-05-04T03:02:01.000Z' }];
    const session = {
      id: 'one',
      userId: 'anna',
      revision: 1,
      endsAt: '2026',
      tokens: { family: 'x', unused: ['a'], used },
    };
    await store.insert(session);
    expect(await store.get('one')).toEqual(session);
    database.prepare('UPDATE sessions SET tokens = ?').run(tokens);
    expect(await store.get('one')).toBeUndefined();
  } finally {
    await rm(folder, { recursive: true });
  }
});
