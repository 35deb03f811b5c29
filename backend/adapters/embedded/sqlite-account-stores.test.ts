import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describeCodeStore } from '../../ports/code-store.contract.ts';
import { describeSessionStore } from '../../ports/session-store.contract.ts';
import { describeUserStore } from '../../ports/user-store.contract.ts';
import { openStores } from '../../tests/stores/open-stores.ts';
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
