import { readFile } from 'node:fs/promises';
import { decodeJwt } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Session } from '../../shared/api.ts';
import { makeTestAuth, refusalOf, type TestAuth } from '../tests/test-auth.ts';
import { setPassword } from './accounts.ts';
import { argon2, createPasswordHashing } from './password-hashing.ts';
import { readRefreshToken, writeRefreshToken } from './refresh-tokens.ts';

const ada = { email: 'ada@example.com', password: 'correct horse battery' };
const home = '192.0.2.1';
const day = 24 * 3600;

let test: TestAuth;
beforeEach(async () => {
  test = await makeTestAuth();
  await test.auth.createAccount(ada, home);
});
afterEach(() => test[Symbol.asyncDispose]());

async function isGood({ accessToken }: Pick<Session, 'accessToken'>): Promise<boolean> {
  return await test.auth.identify(accessToken).then(
    () => true,
    () => false,
  );
}
async function refreshed({ refreshToken }: Session): Promise<Session> {
  return await test.auth.refreshSession(refreshToken);
}
async function isRefused({ refreshToken }: Session): Promise<boolean> {
  return (await refusalOf(test.auth.refreshSession(refreshToken))).code === 'unauthorized';
}
async function changePasswordByOperator(password: string): Promise<void> {
  const user = await test.users.findByEmail(ada.email);
  await setPassword(user?.id ?? '', password, { ...test, hashing: createPasswordHashing() });
}

describe('a refresh token', () => {
  it('gives a new pair each time it is used within 60 days', async () => {
    let session = await test.auth.startSession(ada, home);
    for (let i = 0; i < 5; i += 1) {
      test.advance(60 * day - 1);
      session = await refreshed(session);
      expect(await isGood(session)).toBe(true);
    }
    test.advance(60 * day);
    expect(await isRefused(session)).toBe(true);
  });

  it('that is used very often within a minute is refused, and all pairs that it gave work', async () => {
    const session = await test.auth.startSession(ada, home);
    const answers = await Promise.allSettled(Array.from({ length: 40 }, () => refreshed(session)));
    const pairs = answers.filter((answer) => answer.status === 'fulfilled').map(({ value }) => value);
    const refusals = answers.filter((answer) => answer.status === 'rejected').map(({ reason }) => reason);
    expect(pairs.length).toBeGreaterThanOrEqual(16);
    for (const refusal of refusals)
      expect(refusal).toMatchObject({ code: 'too_many', details: { retryAfterSeconds: 60 } });
    expect(pairs.length + refusals.length).toBe(40);
    const next = await Promise.all(pairs.map(refreshed));
    expect(await Promise.all(next.map(isGood))).toEqual(pairs.map(() => true));
  });

  it('gives two processes that use it at once a working pair each', async () => {
    const session = await test.auth.startSession(ada, home);
    const services = [test.another(), test.another()];
    const pairs = await Promise.all(services.map((service) => service.refreshSession(session.refreshToken)));
    expect(new Set(pairs.map(({ refreshToken }) => refreshToken)).size).toBe(2);
    expect(await Promise.all(pairs.map(isGood))).toEqual([true, true]);
    test.advance(900);
    const next = await Promise.all(pairs.map(refreshed));
    expect(await Promise.all(next.map(isGood))).toEqual([true, true]);
  });

  it('works again for a minute, even if the next one was used meanwhile', async () => {
    const first = await test.auth.startSession(ada, home);
    const second = await refreshed(first);
    await refreshed(second);
    test.advance(60);
    const again = await refreshed(first);
    test.advance(900);
    expect(await isGood(await refreshed(again))).toBe(true);
  });

  it.each([1, 2, 20])('ends the session when it is used again after a minute, %i pairs later', async (later) => {
    const first = await test.auth.startSession(ada, home);
    let latest = first;
    for (let i = 0; i < later; i += 1) latest = await refreshed(latest);
    test.advance(61);
    expect(await isGood(latest)).toBe(true);
    expect(await isRefused(first)).toBe(true);
    expect(await isGood(latest)).toBe(false);
    expect(await isRefused(latest)).toBe(true);
  });

  it('works again for a minute although the clock jumps by an hour', async () => {
    for (const seconds of [3600, -3600]) {
      const first = await test.auth.startSession(ada, home);
      await refreshed(first);
      test.jump(seconds);
      test.advance(60);
      expect(await isGood(await refreshed(first))).toBe(true);
    }
  });

  it('does not work longer because the clock was put back', async () => {
    const first = await test.auth.startSession(ada, home);
    await refreshed(first);
    test.jump(-3600);
    test.advance(61);
    expect(await isRefused(first)).toBe(true);
  });

  it('ends no other session of the account', async () => {
    const [stolen, other] = [await test.auth.startSession(ada, home), await test.auth.startSession(ada, home)];
    await refreshed(stolen);
    test.advance(61);
    expect(await isRefused(stolen)).toBe(true);
    expect(await isGood(other)).toBe(true);
    expect(await isGood(await refreshed(other))).toBe(true);
  });

  it('cannot be made up, nor used to end the session, by someone who only knows the session’s id', async () => {
    const session = await test.auth.startSession(ada, home);
    const sessionId = String(decodeJwt(session.accessToken)['sid']);
    const made = writeRefreshToken({ sessionId, family: 'A'.repeat(22), secret: 'A'.repeat(43) });
    expect(readRefreshToken(made)).toBeDefined();
    expect(await isRefused({ ...session, refreshToken: made })).toBe(true);
    expect(await isGood(await refreshed(session))).toBe(true);
  });

  it.each(['', 'garbage', 'a.b.c', `${'x'.repeat(10_000)}`])(
    'is refused if it is malformed: %j',
    async (refreshToken) => {
      expect((await refusalOf(test.auth.refreshSession(refreshToken))).code).toBe('unauthorized');
    },
  );

  it('is not an access token, nor the other way round', async () => {
    const { accessToken, refreshToken } = await test.auth.startSession(ada, home);
    expect((await refusalOf(test.auth.identify(refreshToken))).code).toBe('unauthorized');
    expect((await refusalOf(test.auth.refreshSession(accessToken))).code).toBe('unauthorized');
  });

  it('is nowhere in the database', async () => {
    const session = await refreshed(await test.auth.startSession(ada, home));
    const { secret = '', family = '' } = readRefreshToken(session.refreshToken) ?? {};
    const stored = Buffer.concat(await Promise.all([readFile(test.file), readFile(`${test.file}-wal`)]));
    expect(stored.includes(ada.email)).toBe(true);
    for (const text of [secret, family, session.accessToken])
      expect([text.length > 20, stored.includes(text)]).toEqual([true, false]);
  });

  it('does not make the session’s row grow, however often it is used', async () => {
    let latest = await test.auth.startSession(ada, home);
    const id = String(decodeJwt(latest.accessToken)['sid']);
    for (let i = 0; i < 5; i += 1) {
      for (let lost = 0; lost < 10; lost += 1) await refreshed(latest);
      latest = await refreshed(latest);
    }
    for (let i = 0; i < 100; i += 1) latest = await refreshed(latest);
    expect(JSON.stringify(await test.sessions.get(id)).length).toBeLessThan(12_000);
    expect(await isGood(latest)).toBe(true);
  });
});

describe('a session', () => {
  it('of a script ends when its token expires', async () => {
    const accessToken = await test.auth.signIn(ada, home);
    test.advance(day - 1);
    expect(await isGood({ accessToken })).toBe(true);
    test.advance(1);
    expect(await isGood({ accessToken })).toBe(false);
  });

  it('ends when the administrator sets a new password', async () => {
    const session = await test.auth.startSession(ada, home);
    const accessToken = await test.auth.signIn(ada, home);
    await changePasswordByOperator('a new password');
    expect([await isGood(session), await isGood({ accessToken })]).toEqual([false, false]);
    expect(await isRefused(session)).toBe(true);
  });

  it.each(['signIn', 'startSession'] as const)(
    'does not start with a password that is changed meanwhile: %s',
    async (how) => {
      const hashing = createPasswordHashing({
        hash: argon2.hash,
        async verify(passwordHash, password) {
          const isRight = await argon2.verify(passwordHash, password);
          await changePasswordByOperator('a new password');
          return isRight;
        },
      });
      expect((await refusalOf(test.another({ hashing })[how](ada, home))).code).toBe('unauthorized');
    },
  );

  it('is removed once it has ended', async () => {
    const token = await test.auth.signIn(ada, home);
    const id = String(decodeJwt(token)['sid']);
    test.advance(2 * day);
    expect(await test.sessions.get(id)).toBeDefined();
    await test.auth.signIn(ada, home);
    test.advance(3600);
    await test.auth.signIn(ada, home);
    await expect.poll(() => test.sessions.get(id)).toBeUndefined();
  });

  it('outlives a clock that goes 61 days ahead for a while', async () => {
    const session = await test.auth.startSession(ada, home);
    test.advance(3600);
    test.jump(61 * day);
    await test.auth.signIn(ada, home);
    // The removal runs after the sign-in, in the order of the database's calls.
    await test.auth.startSession(ada, home);
    test.jump(-61 * day);
    expect(await isGood(await refreshed(session))).toBe(true);
  });

  it('does not become shorter if it is refreshed while the clock is years behind', async () => {
    const session = await test.auth.startSession(ada, home);
    test.jump(-3000 * day);
    const next = await refreshed(session);
    test.jump(3000 * day);
    expect(await isGood(await refreshed(next))).toBe(true);
  });

  it('takes the same work to start for an address without an account', async () => {
    const calls: string[] = [];
    const hashing = createPasswordHashing({
      hash: (password) => argon2.hash(password),
      verify(passwordHash, password) {
        calls.push('verify');
        return argon2.verify(passwordHash, password);
      },
    });
    const service = test.another({ hashing });
    const wrong = await refusalOf(service.startSession({ ...ada, password: 'wrong password' }, home));
    const counted = calls.splice(0);
    const unknown = await refusalOf(service.startSession({ ...ada, email: 'nobody@example.com' }, home));
    expect([counted, calls]).toEqual([['verify'], ['verify']]);
    expect(unknown.message).toBe(wrong.message);
    await service.startSession(ada, home);
    expect(calls).toHaveLength(2);
  });
});
