import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accountSchema, conversionSchema, problemSchema, type Session, sessionSchema } from '../../shared/api.ts';
import { createAuthApp } from '../auth/auth-app.ts';
import type { Authentication } from '../http/authentication.ts';
import { createRemoteAuthentication } from '../http/remote-authentication.ts';
import { startServer } from '../http/server.ts';
import { collectMails } from '../tests/collecting-mailer.ts';
import { codeIn } from '../tests/test-auth.ts';
import { finishConversion, startTestGateway, storedBlobs, type TestGateway } from '../tests/test-gateway.ts';

const password = 'correct horse battery';
const { mails, mailer } = collectMails();

let count = 0;
let gateway: TestGateway;

/** An answer with its body. */
interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

async function call(method: string, path: string, body?: unknown, token?: string): Promise<Answer> {
  const headers = new Headers();
  if (body !== undefined) headers.set('content-type', 'application/json');
  if (token !== undefined) headers.set('authorization', `Bearer ${token}`);
  const url = `${gateway.url}/api/v1${path}`;
  const answer = await fetch(url, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, body: text === '' ? undefined : JSON.parse(text) };
}
function codeOf({ status, body }: Answer): [number, string] {
  return [status, problemSchema.parse(body).code];
}

/** Creates an account and signs in. */
async function signUp() {
  count += 1;
  const credentials = { email: `person-${count}@example.com`, password };
  const made = await call('POST', '/accounts', credentials);
  expect(made.status).toBe(201);
  return { credentials, account: accountSchema.parse(made.body), session: await signIn(credentials) };
}
async function signIn(credentials: { email: string; password: string }): Promise<Session> {
  const answer = await call('POST', '/sessions', credentials);
  expect(answer.status).toBe(200);
  return sessionSchema.parse(answer.body);
}
async function codeMailedTo(email: string, ordinal = 0): Promise<string> {
  const to = () => mails.filter((mail) => mail.to === email);
  await expect.poll(() => to().length).toBeGreaterThan(ordinal);
  return codeIn(to()[ordinal]);
}
async function upload(token: string, contents = 'video') {
  const form = new FormData();
  form.set('file', new Blob([contents]), 'talk.mp4');
  const headers = { authorization: `Bearer ${token}` };
  const answer = await fetch(`${gateway.url}/upload`, { method: 'POST', body: form, headers });
  return conversionSchema.parse(await answer.json());
}

async function behindHttp() {
  const log = pino({ level: 'silent' });
  let app = createAuthApp({ authentication: unset(), loopback: true, log });
  const server = await startServer((request, response) => app(request, response), { host: '127.0.0.1', port: 0, log });
  return {
    reach(authentication: Authentication) {
      app = createAuthApp({ authentication, loopback: true, log });
      return createRemoteAuthentication({ url: server.url });
    },
    close: () => server.close(),
  };
}
function unset(): Authentication {
  return new Proxy({} as Authentication, {
    get() {
      throw new Error('not given yet');
    },
  });
}

describe.each(['in this process', 'over HTTP'])('with auth %s', (where) => {
  const opened = new AsyncDisposableStack();
  beforeAll(async () => {
    const remote = where === 'over HTTP' ? await behindHttp() : undefined;
    opened.defer(() => remote?.close());
    gateway = await startTestGateway({
      mail: { mailer, host: 'sound.example.org' },
      ...(remote === undefined ? {} : { authentication: remote.reach }),
    });
    opened.use(gateway);
  });
  afterAll(() => opened.disposeAsync());

  describe('a session', () => {
    it('starts with a password, continues by refreshing, and ends by signing out', async () => {
      const before = Date.now();
      const { credentials, session } = await signUp();
      const issuedAt = Date.parse(session.expiresAt) - 900_000;
      // It may be rounded to whole seconds.
      expect(issuedAt).toBeGreaterThan(before - 1000);
      expect(issuedAt).toBeLessThan(Date.now() + 1000);
      const refreshed = await call('POST', '/sessions/refresh', { refreshToken: session.refreshToken });
      expect(refreshed.status).toBe(200);
      const { accessToken, refreshToken } = sessionSchema.parse(refreshed.body);
      expect((await call('GET', '/me', undefined, accessToken)).body).toMatchObject({ email: credentials.email });
      expect((await call('DELETE', '/sessions', undefined, accessToken)).status).toBe(204);
      for (const ended of [accessToken, session.accessToken]) {
        const answer = await call('GET', '/me', undefined, ended);
        expect(codeOf(answer)).toEqual([401, 'unauthorized']);
        expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
      }
      expect(codeOf(await call('POST', '/sessions/refresh', { refreshToken }))).toEqual([401, 'unauthorized']);
    });

    it('is refused in the same way for a wrong password and for an unknown account', async () => {
      const { credentials } = await signUp();
      const wrong = await call('POST', '/sessions', { ...credentials, password: 'wrong' });
      const nobody = await call('POST', '/sessions', { email: 'nobody@example.com', password: 'wrong' });
      expect(codeOf(wrong)).toEqual([401, 'unauthorized']);
      expect(nobody.body).toEqual(wrong.body);
    });

    it('allows ten wrong passwords; the eleventh answer says when to retry', async () => {
      const { credentials } = await signUp();
      for (let i = 0; i < 10; i += 1) {
        const answer = await call('POST', '/sessions', { ...credentials, password: 'wrong' });
        expect(answer.status).toBe(401);
      }
      const answer = await call('POST', '/sessions', credentials);
      expect(codeOf(answer)).toEqual([429, 'too_many']);
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(800);
    });
  });

  describe('an account', () => {
    it('is shown to its owner, who can turn mails on and off', async () => {
      const { account, session } = await signUp();
      expect(account).toMatchObject({ admin: false, confirmed: false, mail: true });
      const changed = await call('PATCH', '/me', { mail: false }, session.accessToken);
      expect([changed.status, changed.body]).toEqual([200, { ...account, mail: false }]);
      expect((await call('GET', '/me', undefined, session.accessToken)).body).toEqual({ ...account, mail: false });
    });

    it.each([{ admin: true }, { confirmed: true }, { mail: false, email: 'other@example.com' }, { mail: 'no' }, {}])(
      'is not changed by %j',
      async (changes) => {
        const { account, session } = await signUp();
        expect(codeOf(await call('PATCH', '/me', changes, session.accessToken))).toEqual([422, 'invalid']);
        expect((await call('GET', '/me', undefined, session.accessToken)).body).toEqual(account);
      },
    );

    it('is confirmed by a mailed code, which is mailed at most once a minute', async () => {
      const { credentials, account, session } = await signUp();
      const code = await codeMailedTo(credentials.email);
      const again = await call('POST', '/me/confirm', {}, session.accessToken);
      expect(codeOf(again)).toEqual([429, 'too_many']);
      expect(Number(again.headers.get('retry-after'))).toBeGreaterThan(0);
      const wrong = await call('POST', '/me/confirm', { code: '1' }, session.accessToken);
      expect(codeOf(wrong)).toEqual([422, 'invalid']);
      const right = await call('POST', '/me/confirm', { code }, session.accessToken);
      expect([right.status, right.body]).toEqual([200, { ...account, confirmed: true }]);
      const asked = await call('POST', '/me/confirm', {}, session.accessToken);
      expect([asked.status, asked.body]).toEqual([202, undefined]);
    });

    it('gets a new password with the old one, and its other sessions end', async () => {
      const { credentials, session } = await signUp();
      const other = await signIn(credentials);
      const change = { old: password, new: 'a new password' };
      const wrong = await call('POST', '/me/password', { ...change, old: 'wrong' }, session.accessToken);
      expect(codeOf(wrong)).toEqual([403, 'forbidden']);
      expect((await call('POST', '/me/password', change, session.accessToken)).status).toBe(204);
      expect((await call('GET', '/me', undefined, session.accessToken)).status).toBe(200);
      expect((await call('GET', '/me', undefined, other.accessToken)).status).toBe(401);
      await signIn({ ...credentials, password: change.new });
    });

    it('gets a new password with a mailed code; an unknown address gets the same answer', async () => {
      const { credentials, session } = await signUp();
      const confirmed = { code: await codeMailedTo(credentials.email) };
      await call('POST', '/me/confirm', confirmed, session.accessToken);
      const answers = [
        await call('POST', '/accounts/reset', { email: credentials.email.toUpperCase() }),
        await call('POST', '/accounts/reset', { email: 'nobody@example.com' }),
      ];
      expect(answers.map(({ status, body }) => [status, body])).toEqual([
        [202, undefined],
        [202, undefined],
      ]);
      const reset = { ...credentials, code: await codeMailedTo(credentials.email, 1), password: 'a new password' };
      const wrong = await call('POST', '/accounts/reset/confirm', { ...reset, code: 'wrong' });
      const nobody = await call('POST', '/accounts/reset/confirm', { ...reset, email: 'nobody@example.com' });
      expect(codeOf(wrong)).toEqual([422, 'invalid']);
      expect(nobody.body).toEqual(wrong.body);
      expect((await call('POST', '/accounts/reset/confirm', reset)).status).toBe(204);
      expect((await call('GET', '/me', undefined, session.accessToken)).status).toBe(401);
      await signIn({ ...credentials, password: reset.password });
    });
  });

  describe('the removal of an account', () => {
    it('requires its password', async () => {
      const { session } = await signUp();
      expect(codeOf(await call('DELETE', '/me', { password: 'wrong' }, session.accessToken))).toEqual([
        403,
        'forbidden',
      ]);
      expect(codeOf(await call('DELETE', '/me', {}, session.accessToken))).toEqual([422, 'invalid']);
      expect((await call('GET', '/me', undefined, session.accessToken)).status).toBe(200);
    });

    it('removes everything that it owns in any state, and nothing of another account', async () => {
      const others = await signUp();
      const kept = await upload(others.session.accessToken);
      const blobsKept = await storedBlobs(gateway.test);

      const { credentials, session } = await signUp();
      const { id: done } = await upload(session.accessToken);
      await finishConversion(gateway.test, done, Buffer.from('an MP3'));
      await gateway.test.conversions.batches.tellOfEnds();
      const { id: converting } = await upload(session.accessToken);
      const taken = await gateway.test.take(converting);
      const { id: cancelled } = await upload(session.accessToken);
      await call('POST', `/conversions/${cancelled}/cancel`, {}, session.accessToken);
      await upload(session.accessToken);
      const owner = (await gateway.users.findByEmail(credentials.email))?.id ?? '';
      expect((await gateway.test.notifications.page({ owner, limit: 10 })).items).toHaveLength(1);

      expect((await call('DELETE', '/me', { password }, session.accessToken)).status).toBe(204);

      expect(await gateway.users.get(owner)).toBeUndefined();
      expect((await gateway.test.store.page({ owner, limit: 10 })).items).toEqual([]);
      expect((await gateway.test.notifications.page({ owner, limit: 10 })).items).toEqual([]);
      expect(await storedBlobs(gateway.test)).toEqual(blobsKept);
      expect(taken.kind === 'work' && taken.work.signal.aborted).toBe(true);
      for (const path of ['/me', '/conversions']) {
        expect((await call('GET', path, undefined, session.accessToken)).status).toBe(401);
      }
      expect((await call('POST', '/sessions', credentials)).status).toBe(401);
      expect((await call('GET', `/conversions/${kept.id}`, undefined, others.session.accessToken)).status).toBe(200);
      // The address is free again, and a new account with it has none of the old data.
      expect((await call('POST', '/accounts', credentials)).status).toBe(201);
      const anew = await signIn(credentials);
      expect((await call('GET', '/conversions', undefined, anew.accessToken)).body).toEqual({ items: [] });
    });

    it('stops a running upload, and refuses one whose file has not started', async () => {
      const { session } = await signUp();
      const before = await storedBlobs(gateway.test);
      const head = '--edge\r\nContent-Disposition: form-data; name="file"; filename="a.mp4"\r\n\r\n';
      const headers = {
        authorization: `Bearer ${session.accessToken}`,
        'content-type': 'multipart/form-data; boundary=edge',
      };
      const send = (first: string) => {
        const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
        const writer = writable.getWriter();
        const answer = fetch(`${gateway.url}/upload`, { method: 'POST', headers, body: readable, duplex: 'half' });
        void writer.write(Buffer.from(first)).catch(() => undefined);
        return { answer, writer };
      };
      const underWay = send(`${head}the first bytes`);
      const announced = send('--edge\r\n');
      await expect.poll(async () => (await storedBlobs(gateway.test)).length).toBe(before.length + 1);

      expect((await call('DELETE', '/me', { password }, session.accessToken)).status).toBe(204);
      void announced.writer
        .write(Buffer.from(`${head.replace('--edge\r\n', '')}bytes\r\n--edge--\r\n`))
        .catch(() => undefined);

      expect((await announced.answer).status).toBe(401);
      expect((await underWay.answer).status).toBe(409);
      await expect.poll(() => storedBlobs(gateway.test)).toEqual(before);
      for (const { writer } of [announced, underWay]) void writer.close().catch(() => undefined);
    });
  });
});

it('a gateway whose sign-up is closed makes no accounts, whatever auth allows', async () => {
  await using closed = await startTestGateway({ settings: { signUp: 'closed' } });
  const body = JSON.stringify({ email: 'new@example.com', password });
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${closed.url}/api/v1/accounts`, { method: 'POST', headers, body });
  expect([answer.status, problemSchema.parse(await answer.json()).code]).toEqual([403, 'forbidden']);
  expect(await closed.users.findByEmail('new@example.com')).toBeUndefined();
});
