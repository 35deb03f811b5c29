import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Identity } from '../http/authentication.ts';
import { makeTestAuth, refusalOf, type TestAuth } from '../tests/test-auth.ts';
import { createPasswordHashing } from './password-hashing.ts';

const ada = { email: 'ada@example.com', password: 'a long password' };
const wrong = { ...ada, password: 'a wrong password' };
/** As real hashing in all but its cost. */
const quickHashing = createPasswordHashing({
  async hash(password) {
    await new Promise((resolve) => setImmediate(resolve));
    return `hash of ${password}`;
  },
  async verify(hash, password) {
    await new Promise((resolve) => setImmediate(resolve));
    return hash === `hash of ${password}`;
  },
});

let test: TestAuth;
beforeEach(async () => {
  test = await makeTestAuth({ hashing: quickHashing });
});
afterEach(() => test[Symbol.asyncDispose]());

const codesOf = async (calls: readonly Promise<unknown>[]): Promise<readonly string[]> =>
  await Promise.all(
    calls.map((call) =>
      call.then(
        () => 'ok',
        async (error: unknown) => (await refusalOf(Promise.reject(error))).code,
      ),
    ),
  );
const countOf = (codes: readonly string[], code: string): number => codes.filter((one) => one === code).length;
const madeUp = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ ...ada, email: `made-up-${i}@example.com` }));

describe('a flood of sign-ups from one address', () => {
  it('lets people sign in meanwhile, from that address and others', async () => {
    await test.auth.createAccount(ada, 'a house');
    const flood = codesOf(madeUp(300).map((one) => test.auth.createAccount(one, 'home')));
    await expect(test.auth.signIn(ada, 'home')).resolves.toBeTypeOf('string');
    await expect(test.auth.signIn(ada, 'elsewhere')).resolves.toBeTypeOf('string');
    expect(countOf(await flood, 'ok')).toBe(50);
    expect(countOf(await flood, 'too_many')).toBe(250);
    await expect(test.auth.createAccount({ ...ada, email: 'bert@example.com' }, 'elsewhere')).resolves.toMatchObject({
      email: 'bert@example.com',
    });
  });

  it('mails at most as many strangers as a class has pupils, and none by asking again', async () => {
    await codesOf(madeUp(150).map((one) => test.auth.createAccount(one, 'home')));
    await expect.poll(() => test.mails.length).toBe(50);
    const identities: Identity[] = [];
    for (const one of madeUp(50)) identities.push(await test.auth.identify(await test.auth.signIn(one, 'home')));
    for (let minute = 0; minute < 3; minute += 1) {
      test.advance(60);
      await codesOf(identities.map((identity) => test.auth.sendConfirmation(identity, 'home')));
    }
    await expect.poll(() => test.mails.length).toBe(100);
  });

  it('lets 40 pupils and a household sign up and in at once', async () => {
    const people = madeUp(46);
    expect(countOf(await codesOf(people.map((one) => test.auth.createAccount(one, 'school'))), 'ok')).toBe(46);
    expect(countOf(await codesOf(people.map((one) => test.auth.signIn(one, 'school'))), 'ok')).toBe(46);
  });

  it('cannot ask without end who has an account', async () => {
    await test.auth.createAccount(ada, 'home');
    const codes: string[] = [];
    for (let i = 0; i < 60; i += 1) codes.push((await refusalOf(test.auth.createAccount(ada, 'elsewhere'))).code);
    expect(codes).toEqual([...Array<string>(50).fill('taken'), ...Array<string>(10).fill('too_many')]);
    // An address without an account is refused in the same way.
    const unknown = { ...ada, email: 'nobody@example.com' };
    expect((await refusalOf(test.auth.createAccount(unknown, 'elsewhere'))).code).toBe('too_many');
  });
});

describe('ten addresses with ten wrong passwords each', () => {
  let identity: Identity;
  beforeEach(async () => {
    await test.auth.createAccount(ada, 'home');
    identity = await test.auth.identify(await test.auth.signIn(ada, 'home'));
    for (let place = 0; place < 10; place += 1) {
      for (let i = 0; i < 10; i += 1) await refusalOf(test.auth.signIn(wrong, `198.51.100.${place}`));
    }
  });

  it('keep out a client that was never there', async () => {
    expect((await refusalOf(test.auth.signIn(ada, '198.51.100.200'))).code).toBe('too_many');
  });

  it('do not keep the owner out of the address from which the account was used before', async () => {
    await expect(test.auth.signIn(ada, 'home')).resolves.toBeTypeOf('string');
    await expect(test.auth.startSession(ada, 'home')).resolves.toMatchObject({ accessToken: expect.any(String) });
  });

  it('do not keep a signed-in owner, wherever they are, from changing the password or removing the account', async () => {
    await expect(test.auth.checkPassword(identity, ada.password, 'on the road')).resolves.toBeUndefined();
    const change = { old: ada.password, new: 'a new long password' };
    await expect(test.auth.changePassword(identity, change, 'on the road')).resolves.toBeUndefined();
    await expect(test.auth.signIn({ ...ada, password: change.new }, 'home')).resolves.toBeTypeOf('string');
  });

  it('do not make the guesses of an open session free', async () => {
    const codes: string[] = [];
    for (let i = 0; i < 12; i += 1) {
      codes.push((await refusalOf(test.auth.checkPassword(identity, wrong.password, `place ${i}`))).code);
    }
    expect(codes).toEqual([...Array<string>(10).fill('forbidden'), 'too_many', 'too_many']);
  });
});
