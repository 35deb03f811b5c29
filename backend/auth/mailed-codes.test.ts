import { readFile } from 'node:fs/promises';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Authentication, Identity } from '../http/authentication.ts';
import { codeIn, makeTestAuth, refusalOf, type TestAuth } from '../tests/test-auth.ts';
import { argon2, createPasswordHashing } from './password-hashing.ts';

const ada = { email: 'ada@example.com', password: 'correct horse battery' };
const home = '192.0.2.1';

let test: TestAuth;
let auth: Authentication;
let identity: Identity;
beforeEach(async () => {
  test = await makeTestAuth();
  auth = test.auth;
  await auth.createAccount(ada, home);
  identity = await auth.identify(await auth.signIn(ada, home));
});
afterEach(() => test[Symbol.asyncDispose]());

/** Waits until `count` mails were sent and returns the last one's code. */
async function codeOfMail(count: number): Promise<string> {
  await expect.poll(() => test.mails.length).toBe(count);
  return codeIn(test.mails.at(-1));
}
async function confirm(): Promise<void> {
  await auth.confirm(identity, await codeOfMail(1));
}
function another(code: string): string {
  return code.replace(/\d$/, (last) => String((Number(last) + 1) % 10));
}
/** Long enough for an unwanted mail to arrive. */
async function aMoment(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 300));
}

describe('a code for a new account', () => {
  it('confirms its address, with any blanks and hyphens', async () => {
    const code = (await codeOfMail(1)).replaceAll(' ', '');
    expect(code).toMatch(/^[0-9]{8}$/);
    const typed = ` ${code.slice(0, 2)}-${code.slice(2, 5)} ${code.slice(5)} `;
    expect(await auth.confirm(identity, typed)).toMatchObject({ confirmed: true });
  });

  it('is invalid after five wrong tries', async () => {
    const code = await codeOfMail(1);
    for (let i = 0; i < 5; i += 1) {
      expect((await refusalOf(auth.confirm(identity, another(code)))).code).toBe('invalid');
    }
    expect((await refusalOf(auth.confirm(identity, code))).code).toBe('invalid');
    expect(await auth.account(identity)).toMatchObject({ confirmed: false });
  });

  it('has five tries in all, however many are made at once', async () => {
    const code = await codeOfMail(1);
    const guesses = Array.from({ length: 8 }, () => auth.confirm(identity, another(code)));
    await Promise.allSettled(guesses);
    expect((await refusalOf(auth.confirm(identity, code))).code).toBe('invalid');
  });

  it('is valid for a quarter of an hour', async () => {
    const code = await codeOfMail(1);
    test.advance(15 * 60);
    expect((await refusalOf(auth.confirm(identity, code))).code).toBe('invalid');
  });

  it('does not work for another account', async () => {
    const code = await codeOfMail(1);
    await auth.createAccount({ ...ada, email: 'eve@example.com' }, home);
    const eve = await auth.identify(await auth.signIn({ ...ada, email: 'eve@example.com' }, home));
    expect((await refusalOf(auth.confirm(eve, code))).code).toBe('invalid');
  });

  it('can be guessed at ten times in one session, which does not count as a guess at the password', async () => {
    for (let round = 0; round < 2; round += 1) {
      const code = await codeOfMail(round + 1);
      for (let i = 0; i < 5; i += 1) await refusalOf(auth.confirm(identity, another(code)));
      test.advance(60);
      if (round === 0) await auth.sendConfirmation(identity, home);
    }
    expect((await refusalOf(auth.confirm(identity, '1'))).code).toBe('too_many');
    await expect(auth.signIn(ada, home)).resolves.toBeTypeOf('string');
  });

  it('is in the mail and nowhere else', async () => {
    const lines: string[] = [];
    const service = test.another({ log: pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) }) });
    test.advance(60);
    await service.sendConfirmation(identity, home);
    const code = (await codeOfMail(2)).replaceAll(' ', '');
    const stored = Buffer.concat(await Promise.all([readFile(test.file), readFile(`${test.file}-wal`)]));
    expect([stored.includes(code), lines.join('').includes(code)]).toEqual([false, false]);
    expect(test.mails.at(-1)).toMatchObject({
      to: ada.email,
      messageId: expect.stringMatching(/^<[^<>@]+@sound\.example\.org>$/),
    });
    expect(test.mails.at(-1)?.html).toContain('sound.example.org');
  });

  it('is sent once a minute at most, by all processes together', async () => {
    await codeOfMail(1);
    for (const service of [auth, test.another()]) {
      expect(await refusalOf(service.sendConfirmation(identity, home))).toMatchObject({
        code: 'too_many',
        details: { retryAfterSeconds: 60 },
      });
    }
    test.advance(60);
    const outcomes = await Promise.allSettled([
      auth.sendConfirmation(identity, home),
      test.another().sendConfirmation(identity, home),
    ]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    await codeOfMail(2);
  });

  it('is sent within a minute although the clock was put back by an hour', async () => {
    await codeOfMail(1);
    test.jump(-3600);
    test.advance(60);
    await auth.sendConfirmation(identity, home);
    await codeOfMail(2);
  });

  it('is not sent when the address is confirmed already', async () => {
    await confirm();
    test.advance(60);
    await auth.sendConfirmation(identity, home);
    await aMoment();
    expect(test.mails).toHaveLength(1);
  });

  it('can be requested again when the first one could not be mailed', async () => {
    const mailer = { send: () => Promise.reject(new Error('no mail')), close: async () => undefined };
    const service = test.another({ mail: { mailer, host: 'sound.example.org' } });
    const bert = { ...ada, email: 'bert@example.com' };
    await expect(service.createAccount(bert, home)).resolves.toMatchObject({ email: bert.email, confirmed: false });
    test.advance(60);
    await auth.sendConfirmation(await auth.identify(await auth.signIn(bert, home)), home);
    await codeOfMail(2);
  });
});

describe('a code for a new password', () => {
  it('is mailed even if auth is stopped right after the answer to its request', async () => {
    await confirm();
    test.advance(60);
    await auth.requestReset(ada.email, home);
    await test.auth[Symbol.asyncDispose]();
    expect(test.mails).toHaveLength(2);
  });

  it('sets it once and ends every session', async () => {
    await confirm();
    const session = await auth.startSession(ada, home);
    await auth.requestReset(ada.email, home);
    const reset = { email: ada.email, code: await codeOfMail(2), password: 'a new password' };
    await auth.confirmReset(reset, home);
    expect((await refusalOf(auth.identify(session.accessToken))).code).toBe('unauthorized');
    expect((await refusalOf(auth.refreshSession(session.refreshToken))).code).toBe('unauthorized');
    expect((await refusalOf(auth.confirmReset({ ...reset, password: 'a third one' }, home))).code).toBe('invalid');
    await expect(auth.signIn({ ...ada, password: reset.password }, home)).resolves.toBeTypeOf('string');
  });

  it('works once when two processes use it at once', async () => {
    await confirm();
    await auth.requestReset(ada.email, home);
    const reset = { email: ada.email, code: await codeOfMail(2), password: 'a new password' };
    const outcomes = await Promise.allSettled(
      [auth, test.another()].map((service) => service.confirmReset(reset, home)),
    );
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  it('is not a code for a new account, nor the other way round', async () => {
    const first = await codeOfMail(1);
    const reset = { email: ada.email, code: first, password: 'a new password' };
    expect((await refusalOf(auth.confirmReset(reset, home))).code).toBe('invalid');
    await auth.confirm(identity, first);
    await auth.requestReset(ada.email, home);
    await codeOfMail(2);
    expect((await refusalOf(auth.confirmReset({ ...reset, code: first }, home))).code).toBe('invalid');
  });

  it('is not sent to an address that nobody has confirmed, nor to one without an account', async () => {
    await codeOfMail(1);
    await auth.requestReset(ada.email, home);
    await auth.requestReset('nobody@example.com', home);
    await aMoment();
    expect(test.mails).toHaveLength(1);
  });

  it('is answered before the account is looked up, so that the answer does not depend on it', async () => {
    await confirm();
    const users = { ...test.users, findByEmail: () => new Promise<never>(() => undefined) };
    const service = test.another({ users });
    expect(await service.requestReset(ada.email, home)).toBeUndefined();
    expect(await service.requestReset('nobody@example.com', home)).toBeUndefined();
  });

  it('is sent once a minute, and can be requested ten times by one client for one address', async () => {
    await confirm();
    for (let i = 0; i < 10; i += 1) await auth.requestReset(ada.email, home);
    await codeOfMail(2);
    await aMoment();
    expect(test.mails).toHaveLength(2);
    expect((await refusalOf(auth.requestReset(ada.email, home))).code).toBe('too_many');
    await auth.requestReset(ada.email, 'elsewhere');
    // Requests do not count as guesses.
    await expect(auth.signIn(ada, home)).resolves.toBeTypeOf('string');
  });

  it('is refused after the same work, with or without an account', async () => {
    await confirm();
    await auth.requestReset(ada.email, home);
    const code = await codeOfMail(2);
    const calls: string[] = [];
    const hashing = createPasswordHashing({
      hash(password) {
        calls.push('hash');
        return argon2.hash(password);
      },
      verify: argon2.verify,
    });
    const service = test.another({ hashing });
    const reset = { email: ada.email, code: another(code), password: 'a new password' };
    const wrong = await refusalOf(service.confirmReset(reset, home));
    const unknown = await refusalOf(service.confirmReset({ ...reset, email: 'nobody@example.com' }, home));
    expect([unknown.code, unknown.message]).toEqual([wrong.code, wrong.message]);
    expect(calls).toEqual([]);
    await service.confirmReset({ ...reset, code }, home);
    expect(calls).toEqual(['hash']);
  });

  it('can be guessed at ten times from one client', async () => {
    await confirm();
    const reset = { email: ada.email, code: '00000000', password: 'a new password' };
    const codes: string[] = [];
    for (let i = 0; i < 12; i += 1) codes.push((await refusalOf(auth.confirmReset(reset, home))).code);
    expect(codes).toEqual([...Array<string>(10).fill('invalid'), 'too_many', 'too_many']);
  });
});

it('a server without mail says so to a signed-in person who requests a code, and to nobody else', async () => {
  const service = test.another({ mailless: true });
  await confirm();
  const bert = { ...ada, email: 'bert@example.com' };
  await service.createAccount(bert, home);
  const his = await service.identify(await service.signIn(bert, home));
  expect((await refusalOf(service.sendConfirmation(his, home))).code).toBe('wrong_state');
  expect(await service.requestReset(ada.email, home)).toBeUndefined();
  await aMoment();
  expect(test.mails).toHaveLength(1);
});
