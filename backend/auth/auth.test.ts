import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeJwt, decodeProtectedHeader, SignJWT } from 'jose';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isAppError } from '../../shared/errors.ts';
import { openAccountsDatabase } from '../adapters/embedded/accounts-database.ts';
import { createMemoryRateLimit } from '../adapters/embedded/memory-rate-limit.ts';
import { createSqliteCodeStore } from '../adapters/embedded/sqlite-code-store.ts';
import type { SqliteDatabase } from '../adapters/embedded/sqlite-database.ts';
import { createSqliteSessionStore } from '../adapters/embedded/sqlite-session-store.ts';
import { createSqliteUserStore } from '../adapters/embedded/sqlite-user-store.ts';
import type { Clock } from '../ports/clock.ts';
import type { RateLimit } from '../ports/rate-limit.ts';
import type { UserStore } from '../ports/user-store.ts';
import { createAuth } from './auth.ts';
import { argon2, createPasswordHashing } from './password-hashing.ts';

const secret = 'an old secret of thirty-two bytes or more';
const newSecret = 'a new secret of thirty-two bytes or more.';
const ada = { email: 'ada@example.com', password: 'correct horse battery' };

let folder: string;
let database: SqliteDatabase;
let users: UserStore;
let time: number;
let hashCalls: string[];
let rateLimit: RateLimit;

const clock: Clock = { now: () => new Date(time), monotonicSeconds: () => time / 1000 };

function auth(changes: { readonly secrets?: readonly string[]; readonly signUp?: 'open' | 'closed' } = {}) {
  const hashing = createPasswordHashing({
    hash: (password) => {
      hashCalls.push('hash');
      return argon2.hash(password);
    },
    verify: (passwordHash, password) => {
      hashCalls.push('verify');
      return argon2.verify(passwordHash, password);
    },
  });
  return createAuth({ ...parts(), hashing, ...changes });
}

function parts() {
  const sessions = createSqliteSessionStore(database);
  const codes = createSqliteCodeStore(database);
  const log = pino({ level: 'silent' });
  const stores = { users, sessions, codes, rateLimit };
  return { ...stores, secrets: [secret], loginTokenSeconds: 3600, signUp: 'open' as const, clock, log };
}

async function idOf(email: string): Promise<string | undefined> {
  return (await users.findByEmail(email))?.id;
}

async function refusal(promise: Promise<unknown>): Promise<{ code: string; message: string; details: unknown }> {
  try {
    await promise;
  } catch (error) {
    if (isAppError(error)) return { code: error.code, message: error.message, details: error.details };
    throw error;
  }
  throw new Error('was not refused');
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'soundlift-auth-'));
  database = openAccountsDatabase(join(folder, 'accounts.db'));
  users = createSqliteUserStore(database);
  time = Date.parse('2026-01-01T12:00:00Z');
  hashCalls = [];
  rateLimit = createMemoryRateLimit(clock);
});

afterEach(async () => {
  database[Symbol.dispose]();
  await rm(folder, { recursive: true });
});

describe('signing in', () => {
  it('returns a token that says whose it is', async () => {
    await auth().createAccount(ada, 'home');
    const token = await auth().signIn(ada, 'here');
    expect(await auth().identify(token)).toEqual({
      accountId: await idOf(ada.email),
      email: ada.email,
      admin: false,
      sessionId: decodeJwt(token)['sid'],
      secondsLeft: 3600,
    });
  });

  it('puts the claims of the original into the token, with an end', async () => {
    await auth().createAccount(ada, 'home');
    const claims = decodeJwt(await auth().signIn(ada, 'here'));
    expect(claims).toEqual({
      username: ada.email,
      admin: false,
      sub: await idOf(ada.email),
      sid: expect.stringMatching(/^[0-9a-f-]{36}$/),
      jti: expect.stringMatching(/^[0-9a-f-]{36}$/),
      iat: time / 1000,
      exp: time / 1000 + 3600,
    });
  });

  it('gives nobody the admin claim who is not an admin', async () => {
    await auth().createAccount(ada, 'home');
    expect(decodeJwt(await auth().signIn(ada, 'here'))['admin']).toBe(false);
  });

  it('accepts the address in any case and with spaces around it', async () => {
    await auth().createAccount(ada, 'home');
    await expect(auth().signIn({ ...ada, email: ' Ada@Example.COM ' }, 'here')).resolves.toBeTypeOf('string');
  });

  it('accepts a password however its accents were typed', async () => {
    await auth().createAccount({ ...ada, password: 'caf\u00e9 au lait' }, 'home');
    await expect(auth().signIn({ ...ada, password: 'cafe\u0301 au lait' }, 'here')).resolves.toBeTypeOf('string');
  });

  it('answers the same to a wrong password and to an address without an account, after the same work', async () => {
    await auth().createAccount(ada, 'home');
    hashCalls = [];
    const wrong = await refusal(auth().signIn({ ...ada, password: 'wrong password' }, 'here'));
    expect(hashCalls).toEqual(['verify']);
    hashCalls = [];
    const unknown = await refusal(auth().signIn({ ...ada, email: 'nobody@example.com' }, 'here'));
    expect(hashCalls).toEqual(['verify']);
    expect(unknown).toEqual(wrong);
    expect(wrong.code).toBe('unauthorized');
  });

  it('does as much work for an unknown address as for a real hash', async () => {
    const real = await argon2.hash('x');
    const cost = (passwordHash: string) =>
      passwordHash
        .split('$')
        .slice(1, 4)
        .flatMap((part) => part.split(',').sort());
    const seen: string[] = [];
    const hashing = createPasswordHashing({
      hash: argon2.hash,
      verify: (passwordHash, password) => {
        seen.push(passwordHash);
        return argon2.verify(passwordHash, password);
      },
    });
    expect(await hashing.matches(undefined, 'x')).toBe(false);
    expect(seen.map(cost)).toEqual([cost(real)]);
    expect(cost(real)).toEqual(['argon2id', 'v=19', 'm=19456', 'p=1', 't=2']);
    expect(seen[0]?.length).toBe(real.length);
  });

  it.each([
    { ...ada, password: 'x'.repeat(1_000_000) },
    { ...ada, email: `${'x'.repeat(1_000_000)}@example.com` },
  ])('hashes nothing for credentials that are too long', async (credentials) => {
    const { code } = await refusal(auth().signIn(credentials, 'here'));
    expect(code).toBe('unauthorized');
    expect(hashCalls).toEqual([]);
  });

  it('stores a salted hash and never the password', async () => {
    await auth().createAccount(ada, 'home');
    await auth().createAccount({ ...ada, email: 'b@example.com' }, 'home');
    const hashes = [await users.findByEmail(ada.email), await users.findByEmail('b@example.com')].map(
      (user) => user?.passwordHash,
    );
    expect(hashes[0]).toMatch(/^\$argon2id\$/);
    expect(hashes[0]).not.toBe(hashes[1]);
    expect(JSON.stringify(hashes)).not.toContain(ada.password);
  });
});

describe('guessing passwords', () => {
  const guess = { ...ada, password: 'wrong password' };

  it('checks 10 of 200 wrong passwords in a row, and says when to try again', async () => {
    const service = auth();
    await service.createAccount(ada, 'home');
    const codes: string[] = [];
    for (let i = 0; i < 200; i += 1) codes.push((await refusal(service.signIn(guess, 'here'))).code);
    expect(codes.filter((code) => code === 'unauthorized')).toHaveLength(10);
    expect(codes.filter((code) => code === 'too_many')).toHaveLength(190);
    expect((await refusal(service.signIn(ada, 'here'))).details).toEqual({ retryAfterSeconds: 900 });
    time += 900_000;
    await expect(service.signIn(ada, 'here')).resolves.toBeTypeOf('string');
  });

  it('hashes ten of a hundred guesses that are sent at once to three services over one store', async () => {
    const services = [auth(), auth(), auth()];
    await auth().createAccount(ada, 'home');
    hashCalls = [];
    await Promise.allSettled(
      services.flatMap((service) => Array.from({ length: 34 }, () => service.signIn(guess, 'here'))),
    );
    expect(hashCalls).toHaveLength(10);
  });

  it('lets the owner in from another place meanwhile', async () => {
    const service = auth();
    await service.createAccount(ada, 'home');
    for (let i = 0; i < 20; i += 1) await refusal(service.signIn(guess, 'an attacker'));
    await expect(service.signIn(ada, 'home')).resolves.toBeTypeOf('string');
  });

  it('hashes two passwords at a time, and refuses when too many of one client wait', async () => {
    let running = 0;
    let most = 0;
    const hashing = createPasswordHashing({
      hash: argon2.hash,
      verify: async () => {
        running += 1;
        most = Math.max(most, running);
        await new Promise((resolve) => setImmediate(resolve));
        running -= 1;
        return true;
      },
    });
    await auth().createAccount(ada, 'home');
    const service = createAuth({ ...parts(), hashing });
    const outcomes = await Promise.allSettled(Array.from({ length: 400 }, () => service.signIn(ada, 'here')));
    expect(most).toBe(2);
    const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
    expect(refused).toHaveLength(400 - 66);
    expect(refused.every((error) => isAppError(error, 'too_many'))).toBe(true);
  });
});

describe('creating an account', () => {
  it('refuses an address that has an account, in any case', async () => {
    await auth().createAccount(ada, 'home');
    expect((await refusal(auth().createAccount(ada, 'home'))).code).toBe('taken');
  });

  it('makes one account of two requests at once', async () => {
    const outcomes = await Promise.allSettled([auth().createAccount(ada, 'home'), auth().createAccount(ada, 'home')]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  it('refuses while sign-up is closed', async () => {
    expect((await refusal(auth({ signUp: 'closed' }).createAccount(ada, 'home'))).code).toBe('forbidden');
    expect(await users.findByEmail(ada.email)).toBeUndefined();
  });
});

describe('identifying a token', () => {
  async function token(): Promise<string> {
    await auth().createAccount(ada, 'home');
    return await auth().signIn(ada, 'here');
  }

  /** Signs with our secret and key id, as a forger who knew both could. */
  async function forge(claims: Record<string, unknown>, header: Record<string, unknown> = {}): Promise<string> {
    const { kid } = decodeProtectedHeader(await token());
    return await new SignJWT(claims)
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT', ...(kid === undefined ? {} : { kid }), ...header })
      .sign(new TextEncoder().encode(secret));
  }

  it('refuses an expired token, and says that it expired', async () => {
    const mine = await token();
    time += 3600 * 1000;
    expect(await refusal(auth().identify(mine))).toMatchObject({ code: 'unauthorized', message: /ended/ });
  });

  it('refuses a token whose account is gone', async () => {
    const mine = await token();
    database.prepare('DELETE FROM users').run();
    expect((await refusal(auth().identify(mine))).code).toBe('unauthorized');
  });

  it('refuses a token for a user who does not exist, even when it is signed with the right secret', async () => {
    const forged = await forge({
      sub: 'nobody',
      username: 'nobody@example.com',
      admin: true,
      iat: time / 1000,
      exp: time / 1000 + 60,
      jti: 'x',
    });
    expect((await refusal(auth().identify(forged))).code).toBe('unauthorized');
  });

  it('refuses a token for the account of the private channel', async () => {
    const forged = await forge({
      sub: 'local',
      username: 'local',
      admin: true,
      iat: 0,
      exp: time / 1000 + 60,
      jti: 'x',
    });
    expect((await refusal(auth().identify(forged))).code).toBe('unauthorized');
  });

  it('refuses a token that never expires', async () => {
    const claims = decodeJwt(await token());
    const { exp: _, ...endless } = claims;
    const { kid = '' } = decodeProtectedHeader(await auth().signIn(ada, 'here'));
    const forged = await new SignJWT(endless)
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT', kid })
      .sign(new TextEncoder().encode(secret));
    expect((await refusal(auth().identify(forged))).code).toBe('unauthorized');
  });

  it('refuses a token signed with another key', async () => {
    const mine = await token();
    expect((await refusal(auth({ secrets: [newSecret] }).identify(mine))).code).toBe('unauthorized');
  });

  it('refuses a token signed with another key under our key id', async () => {
    const claims = decodeJwt(await token());
    const { kid = '' } = decodeProtectedHeader(await auth().signIn(ada, 'here'));
    const forged = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT', kid })
      .sign(new TextEncoder().encode('admin123'.repeat(4)));
    expect((await refusal(auth().identify(forged))).code).toBe('unauthorized');
  });

  it.each(['none', 'HS512', 'RS256'])('refuses the algorithm %s', async (alg) => {
    const mine = await token();
    const [head = '', claims, signature] = mine.split('.');
    const header: unknown = JSON.parse(Buffer.from(head, 'base64url').toString());
    const changed = Buffer.from(JSON.stringify({ ...Object(header), alg })).toString('base64url');
    for (const end of [signature, '']) {
      expect((await refusal(auth().identify(`${changed}.${claims}.${end}`))).code).toBe('unauthorized');
    }
  });

  it('refuses another algorithm even when it is signed with the right secret', async () => {
    const claims = decodeJwt(await token());
    const { kid = '' } = decodeProtectedHeader(await auth().signIn(ada, 'here'));
    const sign = async (alg: string) =>
      await new SignJWT(claims).setProtectedHeader({ alg, typ: 'JWT', kid }).sign(new TextEncoder().encode(secret));
    await expect(auth().identify(await sign('HS256'))).resolves.toMatchObject({ email: ada.email });
    expect((await refusal(auth().identify(await sign('HS512')))).code).toBe('unauthorized');
  });

  it('refuses a token with a changed claim', async () => {
    const [head, claims = '', signature] = (await token()).split('.');
    const changed = { ...Object(JSON.parse(Buffer.from(claims, 'base64url').toString())), admin: true };
    const forged = `${head}.${Buffer.from(JSON.stringify(changed)).toString('base64url')}.${signature}`;
    expect((await refusal(auth().identify(forged))).code).toBe('unauthorized');
  });

  it.each(['', 'garbage', 'a.b.c', '..', `${'x'.repeat(4000)}`])('refuses %j', async (garbage) => {
    expect((await refusal(auth().identify(garbage))).code).toBe('unauthorized');
  });

  it('accepts tokens of the old secret while a new one signs', async () => {
    const old = await token();
    const rotating = auth({ secrets: [newSecret, secret] });
    await expect(rotating.identify(old)).resolves.toMatchObject({ email: ada.email });
    const fresh = await rotating.signIn(ada, 'here');
    await expect(auth({ secrets: [newSecret] }).identify(fresh)).resolves.toMatchObject({ email: ada.email });
    expect((await refusal(auth().identify(fresh))).code).toBe('unauthorized');
  });
});
