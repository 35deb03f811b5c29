import fc from 'fast-check';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { SessionRecord } from '../../ports/session-store.ts';
import type { UserRecord } from '../../ports/user-store.ts';
import { type PrivateMariadb, startPrivateMariadb } from '../../tests/servers/private-mariadb.ts';
import { codeIn, makeTestAuth } from '../../tests/test-auth.ts';
import { type MysqlAuthStores, openMysqlAuthStores } from './mysql-auth-stores.ts';

let server: PrivateMariadb;
let administrator: Connection;
beforeAll(async () => {
  server = await startPrivateMariadb();
  administrator = await server.connect();
});
afterAll(async () => {
  await administrator?.end();
  await server?.[Symbol.asyncDispose]();
});

let stores: MysqlAuthStores;
beforeEach(async () => {
  await administer('CREATE DATABASE auth');
  stores = await openMysqlAuthStores(server.urlOf('auth'));
});
afterEach(async () => {
  await stores[Symbol.asyncDispose]();
  await administer('DROP DATABASE auth');
});

async function administer(statement: string): Promise<readonly RowDataPacket[]> {
  const [rows] = await administrator.query<RowDataPacket[]>(statement);
  return rows;
}

const end = '2026-05-04T03:02:01.000Z';

/** Each must be stored as it is, and must not be taken for another one. */
const texts: readonly string[] = [
  ...['key', 'KEY', 'key ', ' key', 'key\0', 'key\t', 'ke', 'keys'],
  ...['strasse', 'straße', 'jose', 'josé', 'jose\u0301', 'i', 'ı', 'i\u0307', 'ﬁ', 'fi', 'ａ', 'a', 'α', 'а'],
  ...['😀', '😁', '\u{10ffff}', '\ufeff', '\ufeffkey', '\u200b', '\u2028', '\r\n', '\u001a', '漢字', '\ufffd'],
  ...["'", "''", '"', '`', '\\', "\\'", '\\\\', '%', '_', 'k%', 'k_y', '?', '??', ':id', '@id', '#', '--', '-- ', ';'],
  ...["' OR '1'='1", "' OR 1=1 -- ", "'; DROP TABLE user; -- ", "\\' OR 1=1 -- ", '" OR ""="', '/*!50000 OR 1=1 */'],
  ...[
    "') ON DUPLICATE KEY UPDATE admin = 1 -- ",
    "x' UNION SELECT password_hash FROM user -- ",
    "0' AND SLEEP(60) AND '",
  ],
  ...[
    '0',
    '00',
    '0.0',
    '1',
    '1e0',
    'true',
    'false',
    'null',
    'NULL',
    'undefined',
    '0x41',
    '[object Object]',
    '{}',
    '[]',
  ],
  'x'.repeat(250),
  `${'x'.repeat(249)}y`,
];

describe('every text', () => {
  it('passes through the accounts unchanged, as an id, an address and a hash', async () => {
    const { users } = stores;
    // Addresses are in lower case.
    const made = [...new Set(texts.map((text) => text.toLowerCase()))].map((text): UserRecord => {
      return { id: text, email: text, passwordHash: text, admin: false, confirmed: true, mail: true, createdAt: end };
    });
    for (const user of made) await users.insert(user);
    for (const user of made) {
      expect(await users.get(user.id)).toEqual(user);
      expect(await users.findByEmail(user.email)).toEqual(user);
      await expect(users.insert({ ...user, email: 'another' })).rejects.toMatchObject({ code: 'taken' });
      await expect(users.insert({ ...user, id: 'another' })).rejects.toMatchObject({ code: 'taken' });
    }
    const listed = await all(users.list());
    expect(listed.map(({ email }) => email)).toEqual(sortedByBytes(made.map(({ email }) => email)));
    for (const [index, user] of made.entries()) {
      expect(await users.update(user.id, { passwordHash: `${index}` })).toBe(true);
      expect(await users.get(user.id)).toEqual({ ...user, passwordHash: `${index}` });
    }
    for (const [index, user] of made.entries()) {
      await users.remove(user.id);
      expect(await all(users.list())).toHaveLength(made.length - index - 1);
    }
  });

  it('passes through the sessions unchanged, as an id, an account and a token', async () => {
    const { sessions } = stores;
    const all = texts.map(
      (text): SessionRecord => ({
        id: text,
        userId: text,
        revision: 1,
        tokens: { family: text, unused: [text], used: [{ hash: text, at: end }] },
        endsAt: end,
      }),
    );
    for (const session of all) await sessions.insert(session);
    for (const session of all) {
      expect(await sessions.get(session.id)).toEqual(session);
      expect(await sessions.replace({ ...session, revision: 2 }, 1)).toBe(true);
      await sessions.removeAllOf(session.userId, session.id);
      expect(await sessions.get(session.id)).toEqual({ ...session, revision: 2 });
    }
    for (const [index, session] of all.entries()) {
      if (index % 2 === 0) await sessions.remove(session.id);
      else await sessions.removeAllOf(session.userId);
      expect(await administer('SELECT COUNT(*) AS count FROM auth.session')).toEqual([
        { count: all.length - index - 1 },
      ]);
    }
  });

  it('passes through the codes unchanged, as an account and a hash', async () => {
    const { codes } = stores;
    const pause = { from: '2026-01-01T00:00:00.000Z', to: '2026-01-01T00:00:00.000Z' };
    const all = texts.map((text) => {
      return { userId: text, purpose: 'reset', hash: text, sentAt: end, endsAt: end, triesLeft: 3 } as const;
    });
    for (const code of all) expect(await codes.put(code, pause)).toBe(true);
    for (const [index, code] of all.entries()) {
      expect(await codes.get(code.userId, code.purpose)).toEqual(code);
      expect(await codes.takeTry(code.userId, code.purpose)).toBe(true);
      expect(await codes.get(code.userId, code.purpose)).toEqual({ ...code, triesLeft: 2 });
      // Those beside each other in the list are similar.
      for (const other of [...texts.slice(index + 1, index + 4), ...texts.slice(Math.max(0, index - 3), index)]) {
        expect(await codes.use(code.userId, code.purpose, other)).toBe(false);
      }
    }
    for (const [index, code] of all.entries()) {
      if (index % 2 === 0) expect(await codes.use(code.userId, code.purpose, code.hash)).toBe(true);
      else await codes.removeAllOf(code.userId);
      expect(await administer('SELECT COUNT(*) AS count FROM auth.code')).toEqual([{ count: all.length - index - 1 }]);
    }
  });

  it('is a key of the rate limit of its own, and never the name of a use', async () => {
    const { rateLimit } = stores;
    const once = { count: 1, seconds: 900 };
    for (const text of texts) {
      expect(await rateLimit.count(text, 900)).toBe(0);
      expect(await rateLimit.allow(text, once)).toMatchObject({ allowed: true });
    }
    for (const text of texts) for (const use of ['', 'x', ...texts]) await rateLimit.giveBack(text, use);
    for (const text of texts) {
      expect(await rateLimit.allow(text, once)).toMatchObject({ allowed: false });
      await rateLimit.forget(text);
      expect(await rateLimit.allow(text, once)).toMatchObject({ allowed: true });
    }
  });

  it('is one that nobody has thought of', async () => {
    const { sessions } = stores;
    const ids = fc.uniqueArray(fc.string({ unit: 'binary', maxLength: 60 }), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(ids, async (some) => {
        const all = some.map((id): SessionRecord => ({ id, userId: id, revision: 1, endsAt: end }));
        for (const session of all) await sessions.insert(session);
        for (const session of all) expect(await sessions.get(session.id)).toEqual(session);
        for (const session of all) {
          await sessions.removeAllOf(session.userId);
          expect(await sessions.get(session.id)).toBeUndefined();
        }
      }),
      { numRuns: 20 },
    );
  });
});

async function all<Item>(items: AsyncIterable<Item>): Promise<readonly Item[]> {
  const found: Item[] = [];
  for await (const item of items) found.push(item);
  return found;
}

function sortedByBytes(some: readonly string[]): readonly string[] {
  return some.toSorted((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)));
}

it('returns no session whose tokens somebody else must have written', async () => {
  await stores.sessions.insert({ id: 'one', userId: 'anna', revision: 1, endsAt: end });
  for (const tokens of ['', 'no JSON', '{}', '{"family":"f","unused":[1],"used":[]}', '[]', 'null']) {
    await administer(`UPDATE auth.session SET tokens = ${administrator.escape(tokens)}`);
    expect(await stores.sessions.get('one'), tokens).toBeUndefined();
  }
});

it('holds no password, code or token that can be read', async () => {
  const passwords = ['the first Password 1', 'the second Password 2', 'the third Password 3'] as const;
  const email = 'anna@example.org';
  await using test = await makeTestAuth(stores);
  const { auth } = test;
  const code = async (count: number): Promise<string> => {
    await expect.poll(() => test.mails).toHaveLength(count);
    return codeIn(test.mails.at(-1));
  };
  await auth.createAccount({ email, password: passwords[0] }, '127.0.0.1');
  const codes = [await code(1)];
  const { accessToken, refreshToken } = await auth.startSession({ email, password: passwords[0] }, '127.0.0.1');
  const identity = await auth.identify(accessToken);
  await auth.confirm(identity, codes[0] ?? '');
  await auth.changePassword(identity, { old: passwords[0], new: passwords[1] }, '127.0.0.1');
  await expect(auth.signIn({ email, password: passwords[2] }, '127.0.0.1')).rejects.toMatchObject({
    code: 'unauthorized',
  });
  const next = await auth.refreshSession(refreshToken);
  await auth.requestReset(email, '127.0.0.1');
  codes.push(await code(2));
  const tokens = [refreshToken, next.refreshToken].flatMap((token) => [token, ...token.split('.').slice(1)]);
  const secrets = [...passwords, ...codes, accessToken, ...tokens];

  const tables = await administer(
    "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'auth'",
  );
  const rows = await Promise.all(tables.map(({ name }) => administer(`SELECT * FROM auth.${name}`)));
  const stored = rows.flat().flatMap((row) => Object.values(row).map(String));
  const text = stored.join('\n');
  // What was written is there.
  for (const written of [email, '"used":[{']) expect(text).toContain(written);
  for (const table of ['user', 'session', 'code', 'rate_limit']) {
    expect(rows[tables.findIndex(({ name }) => name === table)]).not.toEqual([]);
  }
  for (const secret of secrets) {
    for (const form of [secret, secret.replaceAll(' ', ''), Buffer.from(secret).toString('hex')]) {
      expect(text.toLowerCase()).not.toContain(form.toLowerCase());
    }
    expect(text).not.toContain(Buffer.from(secret).toString('base64').replace(/=+$/, ''));
  }
  const hashes = await administer('SELECT password_hash FROM auth.user');
  expect(hashes).toEqual([{ password_hash: expect.stringMatching(/^\$argon2id\$/) }]);
});
