import { decodeJwt } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isAppError } from '../../shared/errors.ts';
import { codeIn, makeTestAuth, type TestAuth, testSecret } from '../tests/test-auth.ts';
import type { Authentication, Identity } from './authentication.ts';

/** An auth service, and a way to dispose of it. */
export interface AuthenticationUnderTest {
  readonly authentication: Authentication;
  dispose(): Promise<void>;
}

const ada = { email: 'ada@example.com', password: 'correct horse battery' };
const home = '192.0.2.1';

/** Runs the contract of `Authentication`. `reach` is given an auth service and returns the one to test, for example over HTTP. */
export function describeAuthentication(
  name: string,
  reach: (auth: Authentication) => Promise<AuthenticationUnderTest>,
): void {
  describe(`${name}, as an Authentication`, () => {
    let test: TestAuth;
    const reached: AuthenticationUnderTest[] = [];
    let auth: Authentication;

    async function reachable(service: Authentication): Promise<Authentication> {
      const underTest = await reach(service);
      reached.push(underTest);
      return underTest.authentication;
    }
    beforeEach(async () => {
      test = await makeTestAuth();
      auth = await reachable(test.auth);
    });
    afterEach(async () => {
      for (const one of reached.splice(0)) await one.dispose();
      await test[Symbol.asyncDispose]();
    });

    async function signedIn(credentials = ada): Promise<Identity> {
      return await auth.identify(await auth.signIn(credentials, home));
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
    async function mailed(count: number): Promise<void> {
      await expect.poll(() => test.mails.length).toBe(count);
    }

    it('gives scripts a token that says whose it is until it expires', async () => {
      expect(await auth.createAccount(ada, home)).toEqual({
        email: ada.email,
        admin: false,
        confirmed: false,
        mail: true,
      });
      const token = await auth.signIn(ada, home);
      const { exp = 0, iat = 0 } = decodeJwt(token);
      expect(exp - iat).toBe(86_400);
      expect(await auth.identify(token)).toEqual({
        accountId: expect.any(String),
        email: ada.email,
        admin: false,
        sessionId: expect.any(String),
        secondsLeft: 86_400,
      });
      test.advance(86_400);
      expect((await refusal(auth.identify(token))).code).toBe('unauthorized');
    });

    it('answers the same to a wrong password and to an address without an account', async () => {
      await auth.createAccount(ada, home);
      for (const signIn of [auth.signIn, auth.startSession]) {
        const wrong = await refusal(signIn({ ...ada, password: 'wrong: pässword' }, home));
        expect(wrong.code).toBe('unauthorized');
        expect(await refusal(signIn({ ...ada, email: 'nobody@example.com' }, home))).toEqual(wrong);
      }
    });

    it('accepts any letters in a password', async () => {
      const password = 'pass: wörd 🔑 "\\';
      await auth.createAccount({ ...ada, password }, home);
      expect(await signedIn({ ...ada, password })).toMatchObject({ email: ada.email });
    });

    it.each(['garbage', 'a.b.c'])('refuses the token %j', async (token) => {
      expect((await refusal(auth.identify(token))).code).toBe('unauthorized');
    });

    it('limits guesses by each client, and says how long to wait', async () => {
      await auth.createAccount(ada, home);
      for (let i = 0; i < 10; i += 1) await refusal(auth.signIn({ ...ada, password: 'wrong password' }, 'elsewhere'));
      expect(await refusal(auth.signIn(ada, 'elsewhere'))).toMatchObject({
        code: 'too_many',
        details: { retryAfterSeconds: expect.any(Number) },
      });
      await expect(auth.signIn(ada, home)).resolves.toBeTypeOf('string');
    });

    it('keeps a client signed in with refresh tokens, 15 minutes at a time', async () => {
      await auth.createAccount(ada, home);
      const first = await auth.startSession(ada, home);
      expect(Date.parse(first.expiresAt)).toBe(test.clock.now().getTime() + 15 * 60_000);
      const { sessionId, accountId } = await auth.identify(first.accessToken);
      test.advance(15 * 60);
      expect((await refusal(auth.identify(first.accessToken))).code).toBe('unauthorized');
      const second = await auth.refreshSession(first.refreshToken);
      expect(await auth.identify(second.accessToken)).toMatchObject({ sessionId, accountId });
    });

    it('ends the session when a refresh token is used again after a minute', async () => {
      await auth.createAccount(ada, home);
      const first = await auth.startSession(ada, home);
      const second = await auth.refreshSession(first.refreshToken);
      test.advance(59);
      const third = await auth.refreshSession(first.refreshToken);
      await auth.identify(third.accessToken);
      test.advance(2);
      expect((await refusal(auth.refreshSession(first.refreshToken))).code).toBe('unauthorized');
      for (const { accessToken, refreshToken } of [second, third]) {
        expect((await refusal(auth.identify(accessToken))).code).toBe('unauthorized');
        expect((await refusal(auth.refreshSession(refreshToken))).code).toBe('unauthorized');
      }
    });

    it('ends only the session that was signed out', async () => {
      await auth.createAccount(ada, home);
      const [one, other] = [await auth.startSession(ada, home), await auth.startSession(ada, home)];
      await auth.endSession(await auth.identify(one.accessToken));
      expect((await refusal(auth.identify(one.accessToken))).code).toBe('unauthorized');
      expect((await refusal(auth.refreshSession(one.refreshToken))).code).toBe('unauthorized');
      await expect(auth.identify(other.accessToken)).resolves.toMatchObject({ email: ada.email });
    });

    it('makes one account an address, and none while sign-up is closed', async () => {
      await auth.createAccount(ada, home);
      expect((await refusal(auth.createAccount(ada, home))).code).toBe('taken');
      const closed = await reachable(test.another({ signUp: 'closed' }));
      expect((await refusal(closed.createAccount({ ...ada, email: 'bert@example.com' }, home))).code).toBe('forbidden');
    });

    it('shows and changes the account', async () => {
      await auth.createAccount(ada, home);
      const identity = await signedIn();
      const changed = { email: ada.email, admin: false, confirmed: false, mail: false };
      expect(await auth.changeAccount(identity, { mail: false })).toEqual(changed);
      expect(await auth.account(identity)).toEqual(changed);
    });

    it('confirms an address by the latest code, and mails one a minute at most', async () => {
      await auth.createAccount(ada, home);
      const identity = await signedIn();
      await mailed(1);
      expect(await refusal(auth.sendConfirmation(identity, home))).toMatchObject({
        code: 'too_many',
        details: { retryAfterSeconds: expect.any(Number) },
      });
      test.advance(60);
      await auth.sendConfirmation(identity, home);
      await mailed(2);
      expect((await refusal(auth.confirm(identity, codeIn(test.mails[0])))).code).toBe('invalid');
      expect(await auth.confirm(identity, codeIn(test.mails[1]))).toMatchObject({ confirmed: true });
      expect(await auth.account(identity)).toMatchObject({ confirmed: true });
    });

    it('changes the password for someone who knows the old one, and ends the other sessions', async () => {
      await auth.createAccount(ada, home);
      const [mine, other] = [await auth.startSession(ada, home), await auth.startSession(ada, home)];
      const identity = await auth.identify(mine.accessToken);
      const change = { old: ada.password, new: 'a new password' };
      expect((await refusal(auth.changePassword(identity, { ...change, old: 'wrong' }, home))).code).toBe('forbidden');
      await auth.changePassword(identity, change, home);
      await expect(auth.identify(mine.accessToken)).resolves.toEqual(identity);
      expect((await refusal(auth.identify(other.accessToken))).code).toBe('unauthorized');
      expect((await refusal(auth.signIn(ada, home))).code).toBe('unauthorized');
      await expect(auth.signIn({ ...ada, password: change.new }, home)).resolves.toBeTypeOf('string');
    });

    it('sets a new password with a mailed code, and ends every session', async () => {
      await auth.createAccount(ada, home);
      const identity = await signedIn();
      await mailed(1);
      await auth.confirm(identity, codeIn(test.mails[0]));
      await auth.requestReset(ada.email, home);
      await auth.requestReset('nobody@example.com', home);
      await mailed(2);
      const reset = { email: ada.email, code: codeIn(test.mails[1]), password: 'a new password' };
      const wrong = await refusal(auth.confirmReset({ ...reset, code: '0' }, home));
      expect(wrong.code).toBe('invalid');
      expect(await refusal(auth.confirmReset({ ...reset, email: 'nobody@example.com' }, home))).toEqual(wrong);
      expect(await auth.confirmReset(reset, home)).toBe(identity.accountId);
      expect((await refusal(auth.account(identity))).code).toBe('unauthorized');
      expect((await refusal(auth.confirmReset(reset, home))).code).toBe('invalid');
      await expect(auth.signIn({ ...ada, password: reset.password }, home)).resolves.toBeTypeOf('string');
    });

    it('says where to mail an account that has confirmed its address and wants mail, and no other', async () => {
      await auth.createAccount(ada, home);
      const identity = await signedIn();
      const address = (): Promise<string | undefined> => auth.mailAddress(identity.accountId);
      expect(await address()).toBeUndefined();
      await mailed(1);
      await auth.confirm(identity, codeIn(test.mails[0]));
      expect(await address()).toBe(ada.email);
      await auth.changeAccount(identity, { mail: false });
      expect(await address()).toBeUndefined();
      await auth.changeAccount(identity, { mail: true });
      expect(await address()).toBe(ada.email);
      await auth.endSession(identity);
      expect(await address()).toBe(ada.email);
      await auth.removeAccount(await signedIn());
      expect(await address()).toBeUndefined();
      expect(await auth.mailAddress('local')).toBeUndefined();
    });

    it('checks a password, and removes an account with its sessions', async () => {
      await auth.createAccount(ada, home);
      const session = await auth.startSession(ada, home);
      const identity = await auth.identify(session.accessToken);
      expect((await refusal(auth.checkPassword(identity, 'wrong', home))).code).toBe('forbidden');
      await auth.checkPassword(identity, ada.password, home);
      await auth.removeAccount(identity);
      for (const call of [
        () => auth.identify(session.accessToken),
        () => auth.refreshSession(session.refreshToken),
        () => auth.account(identity),
        () => auth.signIn(ada, home),
      ])
        expect((await refusal(call())).code).toBe('unauthorized');
      await expect(auth.createAccount(ada, home)).resolves.toMatchObject({ email: ada.email });
    });

    it('does nothing for an identity whose session has ended', async () => {
      await auth.createAccount(ada, home);
      const identity = await signedIn();
      await auth.endSession(identity);
      for (const call of [
        () => auth.account(identity),
        () => auth.changeAccount(identity, { mail: false }),
        () => auth.sendConfirmation(identity, home),
        () => auth.confirm(identity, '12345678'),
        () => auth.changePassword(identity, { old: ada.password, new: 'a new password' }, home),
        () => auth.checkPassword(identity, ada.password, home),
        () => auth.removeAccount(identity),
      ])
        expect((await refusal(call())).code).toBe('unauthorized');
      await expect(signedIn()).resolves.toMatchObject({ email: ada.email });
    });

    it('refuses an identity with another account’s session', async () => {
      await auth.createAccount(ada, home);
      await auth.createAccount({ ...ada, email: 'eve@example.com' }, home);
      const [hers, eves] = [await signedIn(), await signedIn({ ...ada, email: 'eve@example.com' })];
      const mixed = { ...hers, sessionId: eves.sessionId };
      expect((await refusal(auth.account(mixed))).code).toBe('unauthorized');
      expect((await refusal(auth.removeAccount(mixed))).code).toBe('unauthorized');
    });

    it('accepts tokens of the old secret while a new one signs', async () => {
      const newSecret = 'a new secret of thirty-two bytes or more.';
      await auth.createAccount(ada, home);
      const old = await auth.signIn(ada, home);
      const session = await auth.startSession(ada, home);
      const rotating = await reachable(test.another({ secrets: [newSecret, testSecret] }));
      const rotated = await reachable(test.another({ secrets: [newSecret] }));
      await expect(rotating.identify(old)).resolves.toMatchObject({ email: ada.email });
      const refreshed = await rotating.refreshSession(session.refreshToken);
      for (const fresh of [await rotating.signIn(ada, home), refreshed.accessToken]) {
        await expect(rotated.identify(fresh)).resolves.toMatchObject({ email: ada.email });
        expect((await refusal(auth.identify(fresh))).code).toBe('unauthorized');
      }
      expect((await refusal(rotated.identify(old))).code).toBe('unauthorized');
      await expect(rotated.refreshSession(refreshed.refreshToken)).resolves.toMatchObject({
        accessToken: expect.any(String),
      });
    });
  });
}
