import type { RowDataPacket } from 'mysql2/promise';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Limit, RateLimit } from '../../ports/rate-limit.ts';
import { type PrivateMariadb, startPrivateMariadb } from '../../tests/servers/private-mariadb.ts';
import { parseMysqlAddress } from './mysql-address.ts';
import { connectMysql, type MysqlDatabase } from './mysql-database.ts';
import { migrateAccounts } from './mysql-migrations.ts';
import { createMysqlRateLimit } from './mysql-rate-limit.ts';

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
  vi.useRealTimers();
  await opened.disposeAsync();
  await administer('DROP DATABASE auth');
});

async function administer(statement: string): Promise<readonly RowDataPacket[]> {
  await using administrator = await server.connect();
  const [rows] = await administrator.query<RowDataPacket[]>(statement);
  return rows;
}

/** Connections like those of another process. */
async function connect(): Promise<MysqlDatabase> {
  const database = opened.use(connectMysql(parseMysqlAddress(server.urlOf('auth'))));
  await migrateAccounts(database);
  return database;
}

const open = async (maxKeys?: number): Promise<RateLimit> => createMysqlRateLimit(await connect(), maxKeys);

const countKeys = async (): Promise<number> =>
  (await administer('SELECT COUNT(*) AS n FROM auth.rate_limit'))[0]?.['n'];
const once: Limit = { count: 1, seconds: 900 };

describe('many calls at once, from two processes', () => {
  it('for the same few keys are all answered, and each key gets its limit', async () => {
    const both = [await open(), await open()];
    for (let round = 0; round < 5; round += 1) {
      const answers = await Promise.all(
        Array.from({ length: 100 }, async (_, index) => {
          const key = `key ${round} ${index % 5}`;
          return { key, answer: await both[index % 2]?.allow(key, { count: 3, seconds: 900 }) };
        }),
      );
      const allowed = answers.filter(({ answer }) => answer?.allowed);
      for (let key = 0; key < 5; key += 1) {
        expect(allowed.filter((one) => one.key === `key ${round} ${key}`)).toHaveLength(3);
      }
    }
  });

  it('count and uncount while each also removes old keys', async () => {
    const both = [await connect(), await connect()] as const;
    for (let round = 0; round < 10; round += 1) {
      await Promise.all(
        Array.from({ length: 50 }, async (_, index) => {
          // A new one removes keys at its first call, and so few may stay that it removes those of the others.
          const rateLimit = createMysqlRateLimit(both[index % 2 === 0 ? 0 : 1], 3);
          const key = `key ${index % 20}`;
          const answer = await rateLimit.allow(key, { count: 2, seconds: 0.05 });
          if (answer.allowed && index % 3 === 0) await rateLimit.giveBack(key, answer.use);
          if (index % 7 === 0) await rateLimit.forget(key);
        }),
      );
    }
  });
});

describe('the number of stored keys', () => {
  it('is bounded: the least recently used ones are dropped', async () => {
    const [rateLimit, peer] = [await open(20), await open(20)];
    for (let index = 0; index < 300; index += 1) await (index % 2 === 0 ? rateLimit : peer).allow(`key ${index}`, once);
    // Each process removes keys at every hundredth call.
    expect(await countKeys()).toBeLessThanOrEqual(20 + 2 * 100);
    for (let index = 0; index < 100; index += 1) await rateLimit.allow('key 299', { count: 100, seconds: 900 });
    expect(await countKeys()).toBeLessThanOrEqual(20);
    expect(await rateLimit.allow('key 298', once)).toMatchObject({ allowed: false });
    expect(await rateLimit.allow('key 0', once)).toMatchObject({ allowed: true });
  });

  it('does not include those without a use in their window', async () => {
    const rateLimit = await open();
    for (const key of ['one', 'two', 'three']) await rateLimit.allow(key, { count: 1, seconds: 0.001 });
    const answer = await rateLimit.allow('given back', once);
    if (answer.allowed) await rateLimit.giveBack('given back', answer.use);
    await rateLimit.allow('counted', once);
    expect(await countKeys()).toBe(5);
    await (await open()).allow('another', once);
    expect(await countKeys()).toBe(2);
  });
});

describe('the time', () => {
  it('is the clock of the database: that of this process does not matter', async () => {
    const rateLimit = await open();
    await rateLimit.allow('key', once);
    for (const now of ['2001-01-01T00:00:00Z', '2099-01-01T00:00:00Z']) {
      vi.useFakeTimers({ toFake: ['Date'], now: new Date(now) });
      expect(await rateLimit.count('key', 900)).toBe(1);
      expect(await rateLimit.allow('key', once)).toMatchObject({ allowed: false });
    }
  });

  it('of uses that were counted before the clock was put back holds nobody up', async () => {
    const rateLimit = await open();
    await rateLimit.allow('key', once);
    const hour = 3_600_000_000;
    await administer(
      `UPDATE auth.rate_limit SET last_at = last_at + ${hour}, ends_at = ends_at + ${hour}, uses = CONCAT(LPAD(CAST(LEFT(uses, 16) AS SIGNED) + ${hour}, 16, 0), SUBSTRING(uses, 17))`,
    );
    expect(await rateLimit.count('key', 900)).toBe(0);
    expect(await rateLimit.allow('key', once)).toMatchObject({ allowed: true });
    expect(await rateLimit.count('key', 900)).toBe(1);
    const answer = await rateLimit.allow('key', once);
    expect(answer).toMatchObject({ allowed: false });
    expect(answer.allowed || answer.retryAfterSeconds).toBeLessThanOrEqual(900);
  });

  it('until one more use fits is told to the second', async () => {
    const rateLimit = await open();
    await rateLimit.allow('key', once);
    await administer(
      'UPDATE auth.rate_limit SET uses = CONCAT(LPAD(CAST(LEFT(uses, 16) AS SIGNED) - 899500000, 16, 0), SUBSTRING(uses, 17))',
    );
    const answer = await rateLimit.allow('key', once);
    // On a machine that took half a second, it already fits.
    expect(answer.allowed || answer.retryAfterSeconds).toBeOneOf([1, true]);
  });
});
