import { inspect } from 'node:util';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { CodeRecord } from '../../ports/code-store.ts';
import type { SessionRecord } from '../../ports/session-store.ts';
import type { UserRecord } from '../../ports/user-store.ts';
import { startCuttingProxy } from '../../tests/servers/cutting-proxy.ts';
import { type PrivateMariadb, startPrivateMariadb } from '../../tests/servers/private-mariadb.ts';
import { freePort } from '../../tests/servers/server-program.ts';
import { type MysqlAuthStores, openMysqlAuthStores } from './mysql-auth-stores.ts';

let server: PrivateMariadb;
beforeAll(async () => {
  server = await startPrivateMariadb();
});
afterAll(() => server?.[Symbol.asyncDispose]());

let opened: AsyncDisposableStack;
beforeEach(async () => {
  opened = new AsyncDisposableStack();
  await administer('CREATE DATABASE auth');
});
afterEach(async () => {
  await opened.disposeAsync();
  await administer('DROP DATABASE auth');
});

async function administer(statements: string): Promise<void> {
  await using administrator = await server.connect();
  await administrator.query(statements);
}

async function rowsOf(statement: string): Promise<readonly RowDataPacket[]> {
  await using administrator = await server.connect();
  const [rows] = await administrator.query<RowDataPacket[]>(statement);
  return rows;
}

const user: UserRecord = {
  id: 'anna',
  email: 'anna@example.org',
  passwordHash: '$argon2id$a hash',
  admin: false,
  confirmed: true,
  mail: true,
  createdAt: '2026-05-04T03:02:01.000Z',
};
const session: SessionRecord = { id: 'one', userId: 'anna', revision: 1, endsAt: '2026-05-04T03:02:01.000Z' };
const code: CodeRecord = {
  userId: 'anna',
  purpose: 'reset',
  hash: 'a hash',
  sentAt: '2026-05-04T03:00:00.000Z',
  endsAt: '2026-05-04T03:15:00.000Z',
  triesLeft: 5,
};
const before = '2026-01-01T00:00:00.000Z';
const pause = { from: before, to: before };
const limit = { count: 5, seconds: 900 };

/** Every method of every store, in an order in which each finds what it needs. */
function callsOf({
  users,
  sessions,
  codes,
  rateLimit,
}: MysqlAuthStores): Readonly<Record<string, () => Promise<unknown>>> {
  return {
    'users.insert': () => users.insert(user),
    'users.get': () => users.get(user.id),
    'users.findByEmail': () => users.findByEmail(user.email),
    'users.update': () => users.update(user.id, { mail: false }),
    'users.list': () => users.list()[Symbol.asyncIterator]().next(),
    'users.remove': () => users.remove(user.id),
    'sessions.insert': () => sessions.insert(session),
    'sessions.get': () => sessions.get(session.id),
    'sessions.replace': () => sessions.replace({ ...session, revision: 2 }, 1),
    'sessions.remove': () => sessions.remove(session.id),
    'sessions.removeAllOf': () => sessions.removeAllOf(session.userId),
    'sessions.removeEnded': () => sessions.removeEnded(before),
    'codes.put': () => codes.put(code, pause),
    'codes.get': () => codes.get(code.userId, code.purpose),
    'codes.takeTry': () => codes.takeTry(code.userId, code.purpose),
    'codes.use': () => codes.use(code.userId, code.purpose, code.hash),
    'codes.removeAllOf': () => codes.removeAllOf(code.userId),
    'codes.removeEnded': () => codes.removeEnded(before),
    'rateLimit.allow': () => rateLimit.allow('key', limit),
    'rateLimit.count': () => rateLimit.count('key', 900),
    'rateLimit.giveBack': () => rateLimit.giveBack('key', '0123456789abcdef'),
    'rateLimit.forget': () => rateLimit.forget('key'),
  };
}

async function expectAllToWork(stores: MysqlAuthStores): Promise<void> {
  for (const [name, call] of Object.entries(callsOf(stores))) {
    await expect(call(), name).resolves.not.toBe(false);
  }
}

/** How long a call may take to fail. The bound of the adapter is 5 s; a busy machine is late. */
const patienceMilliseconds = 15_000;

async function expectAllToFail(stores: MysqlAuthStores): Promise<void> {
  const start = performance.now();
  await Promise.all(
    Object.entries(callsOf(stores)).map(async ([name, call]) => {
      await expect(call(), name).rejects.toMatchObject({ name: 'AppError', code: 'unavailable' });
      expect(performance.now() - start, name).toBeLessThan(patienceMilliseconds);
    }),
  );
}

it.each<{ how: string; takeAway: () => unknown; bringBack: () => unknown }>([
  { how: 'killed', takeAway: () => server.kill(), bringBack: () => server.start() },
  { how: 'stopped', takeAway: () => server.stop(), bringBack: () => server.start() },
  { how: 'frozen', takeAway: () => server.freeze(), bringBack: () => server.thaw() },
])('throws unavailable within seconds while the server is $how, and then works again by itself', async (outage) => {
  const stores = opened.use(await openMysqlAuthStores(server.urlOf('auth')));
  await expectAllToWork(stores);
  const connections = await rowsOf("SELECT id FROM information_schema.processlist WHERE db = 'auth'");
  await outage.takeAway();
  try {
    // The second time, no connection is left.
    await expectAllToFail(stores);
    await expectAllToFail(stores);
  } finally {
    await outage.bringBack();
  }
  // A server that stood still carries out what it was told before, and then sees that those connections have ended.
  const areOpen = connections.map(({ id }) => `id = ${id}`).join(' OR ');
  await expect
    .poll(() => rowsOf(`SELECT id FROM information_schema.processlist WHERE db = 'auth' AND (${areOpen})`))
    .toEqual([]);
  await administer('DELETE FROM auth.user; DELETE FROM auth.session; DELETE FROM auth.code;');
  await expectAllToWork(stores);
});

it('can be closed while the server is frozen', async () => {
  const stores = await openMysqlAuthStores(server.urlOf('auth'));
  await expectAllToWork(stores);
  await server.freeze();
  try {
    const call = expect(stores.users.get(user.id)).rejects.toMatchObject({ code: 'unavailable' });
    const start = performance.now();
    await stores[Symbol.asyncDispose]();
    expect(performance.now() - start).toBeLessThan(patienceMilliseconds);
    await call;
  } finally {
    server.thaw();
  }
});

describe('if the answer is lost after the server has carried out a statement', () => {
  it.each<{
    name: string;
    first?: (stores: MysqlAuthStores) => Promise<unknown>;
    call: (stores: MysqlAuthStores) => Promise<unknown>;
    after: (stores: MysqlAuthStores) => Promise<unknown>;
    expected: unknown;
  }>([
    {
      name: 'users.insert',
      call: ({ users }) => users.insert(user),
      after: ({ users }) => users.get(user.id),
      expected: user,
    },
    {
      name: 'sessions.insert',
      call: ({ sessions }) => sessions.insert(session),
      after: ({ sessions }) => sessions.get(session.id),
      expected: session,
    },
    {
      name: 'sessions.replace',
      first: ({ sessions }) => sessions.insert(session),
      call: ({ sessions }) => sessions.replace({ ...session, revision: 2 }, 1),
      after: ({ sessions }) => sessions.get(session.id),
      expected: { ...session, revision: 2 },
    },
    {
      name: 'codes.put',
      call: ({ codes }) => codes.put(code, pause),
      after: ({ codes }) => codes.get('anna', 'reset'),
      expected: code,
    },
    {
      name: 'codes.takeTry',
      first: ({ codes }) => codes.put(code, pause),
      call: ({ codes }) => codes.takeTry('anna', 'reset'),
      after: ({ codes }) => codes.get('anna', 'reset'),
      expected: { ...code, triesLeft: 4 },
    },
    {
      name: 'codes.use',
      first: ({ codes }) => codes.put(code, pause),
      call: ({ codes }) => codes.use('anna', 'reset', code.hash),
      after: ({ codes }) => codes.get('anna', 'reset'),
      expected: undefined,
    },
    {
      name: 'rateLimit.allow',
      call: ({ rateLimit }) => rateLimit.allow('key', limit),
      after: ({ rateLimit }) => rateLimit.count('key', 900),
      expected: 1,
    },
  ])('$name throws unavailable, is not repeated, and the next call works', async ({ first, call, after, expected }) => {
    const proxy = opened.use(await startCuttingProxy(server.port));
    const stores = opened.use(
      await openMysqlAuthStores(server.urlOf('auth').replace(`:${server.port}/`, `:${proxy.port}/`)),
    );
    // The only connection knows all statements after this, so that a call is one request with one answer.
    await expectAllToWork(stores);
    await administer('DELETE FROM auth.user; DELETE FROM auth.session; DELETE FROM auth.code;');
    await first?.(stores);
    proxy.loseNextAnswer();
    await expect(call(stores)).rejects.toMatchObject({ name: 'AppError', code: 'unavailable' });
    expect(await after(stores)).toEqual(expected);
  });
});

describe('a statement that waits for another transaction', () => {
  let other: Connection;
  let stores: MysqlAuthStores;
  beforeEach(async () => {
    stores = opened.use(await openMysqlAuthStores(server.urlOf('auth')));
    other = opened.use(await server.connect());
    // It locks no more rows than it changes.
    await other.query('USE auth; SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED;');
    for (const id of ['a', 'b', 'c', 'd', 'e']) {
      await stores.sessions.insert({ ...session, id, userId: id < 'c' ? 'anna' : 'bert' });
    }
    await other.query('BEGIN');
  });

  /** Resolves once a statement waits. */
  async function untilOneWaits(): Promise<void> {
    await expect
      .poll(
        async () => await rowsOf("SELECT trx_id FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'"),
        {
          // InnoDB renews this table only after nobody has read it for 0.1 s:
          // https://dev.mysql.com/doc/refman/8.4/en/innodb-information-schema-internal-data.html
          interval: 300,
        },
      )
      .toHaveLength(1);
  }

  it('is repeated if the server takes it back because of a deadlock', async () => {
    // The server takes back the transaction that has changed less.
    await other.query("UPDATE session SET revision = 2 WHERE id IN ('b', 'c', 'd', 'e')");
    const removing = stores.sessions.removeAllOf('anna');
    await untilOneWaits();
    await other.query("UPDATE session SET revision = 2 WHERE id = 'a'");
    await other.query('COMMIT');
    await removing;
    expect(
      await rowsOf("SELECT count AS count FROM information_schema.innodb_metrics WHERE name = 'lock_deadlocks'"),
    ).toMatchObject([{ count: 1 }]);
    expect(await rowsOf('SELECT user_id FROM auth.session GROUP BY user_id')).toMatchObject([
      { user_id: Buffer.from('bert') },
    ]);
  });

  it('throws unavailable if that takes too long, and is not carried out later', async () => {
    await other.query("UPDATE session SET revision = 2 WHERE id = 'a'");
    await expect(stores.sessions.remove('a')).rejects.toMatchObject({ name: 'AppError', code: 'unavailable' });
    expect(await rowsOf('SELECT trx_id FROM information_schema.innodb_trx')).toHaveLength(1);
    await other.query('COMMIT');
    expect(await stores.sessions.get('a')).toMatchObject({ revision: 2 });
  });
});

describe('opening', () => {
  it.each([
    ['the password is wrong', (url: string) => url.replace(/:[^:@]+@/, ':the%20wrong%20one%20of%20two@')],
    ['there is no such database', (url: string) => `${url}_of_others`],
  ])('says that the account is refused if %s, without the password', async (_what, change) => {
    const url = change(server.urlOf('auth'));
    const error = await openMysqlAuthStores(url).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'unavailable',
      message: 'The database refuses the account that MYSQL_URL names.',
      cause: expect.any(Error),
    });
    expect(inspect(error, { depth: 10, showHidden: true })).not.toMatch(/wrong one|only for tests/);
  });

  it('throws unavailable if nothing listens', async () => {
    const url = server.urlOf('auth').replace(`:${server.port}/`, `:${await freePort()}/`);
    await expect(openMysqlAuthStores(url)).rejects.toMatchObject({ name: 'AppError', code: 'unavailable' });
  });
});
