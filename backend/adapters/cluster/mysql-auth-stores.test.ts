import type { Connection, RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll } from 'vitest';
import { describeCodeStore } from '../../ports/code-store.contract.ts';
import { describeRateLimit } from '../../ports/rate-limit.contract.ts';
import { describeSessionStore } from '../../ports/session-store.contract.ts';
import { describeUserStore } from '../../ports/user-store.contract.ts';
import { type PrivateMariadb, startPrivateMariadb } from '../../tests/servers/private-mariadb.ts';
import { type MysqlAuthStores, openMysqlAuthStores } from './mysql-auth-stores.ts';

let server: PrivateMariadb;
beforeAll(async () => {
  server = await startPrivateMariadb();
  await using administrator = await server.connect();
  await administrator.query('CREATE DATABASE auth');
});
afterAll(() => server?.[Symbol.asyncDispose]());

const open = (): Promise<MysqlAuthStores> => openMysqlAuthStores(server.urlOf('auth'));

/** Much faster than a new database for each test. */
async function empty(): Promise<void> {
  await using administrator = await server.connect();
  const tables = ['user', 'session', 'code', 'rate_limit'];
  await administrator.query(tables.map((table) => `DELETE FROM auth.${table};`).join(''));
}

async function openUnderTest<Name extends 'users' | 'sessions' | 'codes'>(name: Name) {
  let stores = await open();
  let isAway = false;
  return {
    store: stores[name],
    async reopen() {
      await stores[Symbol.asyncDispose]();
      stores = await open();
      return stores[name];
    },
    async takeAway() {
      await server.kill();
      isAway = true;
    },
    async dispose() {
      await stores[Symbol.asyncDispose]();
      if (isAway) await server.start();
      await empty();
    },
  };
}

describeUserStore('MySQL', () => openUnderTest('users'));
describeSessionStore('MySQL', () => openUnderTest('sessions'));
describeCodeStore('MySQL', () => openUnderTest('codes'));

describeRateLimit('MySQL', async () => {
  await using opened = new AsyncDisposableStack();
  opened.defer(empty);
  const { rateLimit } = opened.use(await open());
  const { rateLimit: peer } = opened.use(await open());
  const administrator = opened.use(await server.connect());
  const kept = opened.move();
  return {
    rateLimit,
    peer,
    pass: (seconds) => moveIntoPast(administrator, seconds * 1e6),
    dispose: () => kept.disposeAsync(),
  };
});

async function moveIntoPast(administrator: Connection, microseconds: number): Promise<void> {
  const [rows] = await administrator.query<RowDataPacket[]>('SELECT * FROM auth.rate_limit');
  const moved = rows.map(({ key_hash, refused_for, last_at, ends_at, uses }) => [
    key_hash,
    refused_for,
    last_at - microseconds,
    ends_at - microseconds,
    String(uses).replaceAll(/[0-9]{16}(?=x)/g, (time) => String(Number(time) - microseconds).padStart(16, '0')),
  ]);
  if (moved.length > 0) await administrator.query('REPLACE INTO auth.rate_limit VALUES ?', [moved]);
}
