import { randomUUID } from 'node:crypto';
import { decodeJwt, SignJWT } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import { problemSchema } from '../../../shared/api.ts';
import { createAccessTokens } from '../../auth/access-tokens.ts';
import { systemClock } from '../../ports/clock.ts';
import { sendRaw } from '../raw-request.ts';
import { type ApiClient, basic, makeAccount, signIn } from '../running/api-client.ts';
import type { Flow } from './flow.ts';

/** Every call about a single conversion. */
const callsAbout = (id: string) =>
  [
    ['GET', `/api/v1/conversions/${id}`],
    ['GET', `/api/v1/conversions/${id}/file`],
    ['HEAD', `/api/v1/conversions/${id}/file`],
    ['GET', `/download?fid=${id}`],
    ['POST', `/api/v1/conversions/${id}/cancel`],
    ['POST', `/api/v1/conversions/${id}/retry`],
    ['DELETE', `/api/v1/conversions/${id}`],
  ] as const;

export function describeAccess(flow: Flow): void {
  describe('an account', () => {
    const url = (): string => flow.backend.url();

    it('is created once, and signs in only with its password', async () => {
      const { email, password } = await flow.account();
      await expect(makeAccount({ url, email })).rejects.toThrow(/^409 /);
      await expect(makeAccount({ url, email: email.toUpperCase() })).rejects.toThrow(/^409 /);
      expect((await signIn({ url, email, password })).token).not.toBe('');
      await expect(signIn({ url, email, password: 'a wrong password' })).rejects.toThrow(/^401 /);
      await expect(signIn({ url, email: 'nobody@example.com', password })).rejects.toThrow(/^401 /);
    });

    it.each([
      ['no credentials', undefined],
      ['an unknown scheme', 'Digest username="x"'],
      ['broken credentials', 'Basic !!!'],
      ['credentials without a password', basic('someone@example.com', '').slice(0, -4)],
      ['a word', 'abc'],
    ])('cannot sign in with %s', async (_what, authorization) => {
      const headers = new Headers(authorization === undefined ? {} : { authorization });
      const answer = await fetch(`${url()}/login`, { method: 'POST', headers });
      expect(answer.status).toBe(401);
      expect(answer.headers.get('www-authenticate')).toMatch(/^Basic /);
      expect(problemSchema.parse(await answer.json()).code).toBe('unauthorized');
    });

    it('is protected from guessing: most of 200 wrong passwords are refused unread, and nobody else has to wait', async () => {
      const [guessed, other] = [await flow.account(), await flow.account()];
      const guess = (): Promise<Response> => {
        const headers = { authorization: basic(guessed.email, 'a wrong password') };
        return fetch(`${url()}/login`, { method: 'POST', headers });
      };
      const statuses: number[] = [];
      for (let round = 0; round < 10; round += 1) {
        const answers = await Promise.all(Array.from({ length: 20 }, guess));
        statuses.push(...answers.map(({ status }) => status));
      }
      expect(statuses.every((status) => status === 401 || status === 429)).toBe(true);
      expect(statuses.filter((status) => status === 401).length).toBeLessThan(15);
      const refused = await guess();
      expect([refused.status, Number(refused.headers.get('retry-after'))]).toEqual([
        429,
        expect.toSatisfy((s) => s >= 1),
      ]);
      const { email, password } = other;
      expect((await signIn({ url, email, password })).token).not.toBe('');
    });

    it('has a password that is stored nowhere as it was typed', async () => {
      const { email, password } = await flow.account();
      const stored = await flow.backend.storedAccounts();
      expect([stored.includes(email), stored.includes(password)]).toEqual([true, false]);
      expect(stored.includes('$argon2id$v=19$')).toBe(true);
    });

    it.each(['bad', 'short'])('is not created with an invalid address or password: %s', async (what) => {
      const made =
        what === 'bad'
          ? makeAccount({ url, email: 'nobody' })
          : makeAccount({ url, email: 'a@b.org', password: 'abc' });
      await expect(made).rejects.toThrow(/^422 /);
    });
  });

  describe('a server', () => {
    it('tells anyone that it is running, that it is ready, and what its limits are', async () => {
      const url = flow.backend.url();
      const paths = ['/healthz', '/readyz', '/api/v1/server'];
      const answers = await Promise.all(paths.map((path) => fetch(url + path)));
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
      expect(await answers[2]?.json()).toMatchObject({ signUp: 'open', maxUploadBytes: expect.any(Number) });
    });

    it('has no console and no debug pages of frameworks', async () => {
      for (const path of ['/console', '/debug', '/.env', '/.git/config', '/metrics', '/server-status', '/actuator']) {
        const answer = await fetch(`${flow.backend.url()}${path}`);
        expect([path, answer.status, problemSchema.parse(await answer.json()).code]).toEqual([path, 404, 'not_found']);
      }
    });

    it('refuses other host names, and pages of other origins', async () => {
      const url = flow.backend.url();
      const { port } = new URL(url);
      const asked = async (header: string): Promise<string> =>
        await sendRaw(url, `GET /api/v1/server HTTP/1.1\r\n${header}\r\nConnection: close\r\n\r\n`);
      expect(await asked(`Host: localhost:${port}`)).toMatch(/^HTTP\/1.1 200 /);
      expect(await asked(`Host: evil.example:${port}`)).toMatch(/^HTTP\/1.1 403 /);
      expect(await asked(`Host: localhost:${port}\r\nOrigin: https://evil.example`)).toMatch(/^HTTP\/1.1 403 /);
    });
  });

  describe('a caller', () => {
    let owner: ApiClient;
    let id: string;
    beforeAll(async () => {
      owner = await flow.account();
      ({ id } = await owner.upload(flow.media.talk));
      await owner.ended(id);
    });

    it.each([
      ['without a token', async () => ''],
      ['with garbage', async () => 'Bearer garbage'],
      ['with an empty token', async () => 'Bearer '],
      ['with a word', async () => 'abc'],
      ['with another scheme', async () => basic(owner.email, owner.password)],
      ['with a token of another key', async () => `Bearer ${await forge({ sub: randomUUID() })}`],
      ['with a token of our own key for an account that never existed', async () => `Bearer ${await invent(flow)}`],
      ['with a token that nobody signed', async () => `Bearer ${unsign(owner.token)}`],
      ['with a token whose claims were changed', async () => `Bearer ${promote(owner.token)}`],
    ])('%s gets only 401', async (_what, authorization) => {
      const headers = { authorization: await authorization() };
      const calls = [
        ...callsAbout(id),
        ['GET', '/api/v1/conversions'],
        ['GET', '/api/v1/notifications'],
        ['POST', '/api/v1/notifications/read'],
        ['POST', '/api/v1/conversions/clear'],
        ['POST', '/upload'],
      ] as const;
      for (const [method, path] of calls) {
        const answer = await fetch(`${flow.backend.url()}${path}`, { method, headers });
        expect([method, path, answer.status]).toEqual([method, path, 401]);
        expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
        if (method !== 'HEAD') expect(problemSchema.parse(await answer.json()).code).toBe('unauthorized');
      }
      expect((await owner.get(id)).state).toBe('done');
    });

    it("gets the same 404, byte for byte, for another account's conversion as for one that never existed", async () => {
      const stranger = await flow.account();
      const neverWas = id.replace(/.$/, (last) => (last === '0' ? '1' : '0'));
      for (const [index, [method, path]] of callsAbout(id).entries()) {
        const [, otherPath = ''] = callsAbout(neverWas)[index] ?? [];
        const [theirs, nobodys] = [
          await bareAnswer(stranger, method, path),
          await bareAnswer(stranger, method, otherPath),
        ];
        expect(theirs.status).toBe(404);
        expect(theirs).toEqual(nobodys);
      }
      expect((await stranger.conversions()).length).toBe(0);
      expect((await stranger.notifications()).length).toBe(0);
      expect((await owner.get(id)).state).toBe('done');
    });

    it.each([
      ['a word', 'nonsense'],
      ['a path', '..%2F..%2Faccounts.db'],
      ['NUL', '%00'],
      ['very long', 'a'.repeat(3000)],
      ["another store's", '507f1f77bcf86cd799439011'],
    ])('gets 404, without details of the store, for an invalid id: %s', async (_what, nonsense) => {
      for (const path of [`/download?fid=${nonsense}`, `/api/v1/conversions/${nonsense}/file`]) {
        const answer = await owner.fetch(path);
        const { code, detail } = problemSchema.parse(await answer.json());
        expect([answer.status, code]).toEqual([404, 'not_found']);
        expect(detail).not.toMatch(/sqlite|mongo|enoent|\//i);
      }
    });

    it('has a token that says admin only if an administrator made it one, and then cannot reach more', async () => {
      const admin = await flow.addedAccount({ admin: true });
      for (const [account, isAdmin] of [
        [owner, false],
        [await flow.addedAccount(), false],
        [admin, true],
      ] as const) {
        const { admin: said, username, exp, iat } = decodeJwt(account.token);
        expect({ said, username, seconds: (exp ?? 0) - (iat ?? 0) }).toEqual({
          said: isAdmin,
          username: account.email,
          seconds: 86_400,
        });
      }
      expect((await admin.fetch(`/download?fid=${id}`)).status).toBe(404);
    });
  });
}

/** Everything that a caller can see of an answer, except the time. */
async function bareAnswer(caller: ApiClient, method: string, path: string) {
  const json = { body: '{}', headers: { 'content-type': 'application/json' } };
  const answer = await caller.fetch(path, method === 'POST' ? { method, ...json } : { method });
  const headers = [...answer.headers].filter(([name]) => name !== 'date');
  return { status: answer.status, headers, body: await answer.text() };
}

/** Signs a token with the secret that is published in the original's repository. */
async function forge(claims: Record<string, unknown>): Promise<string> {
  const secret = new TextEncoder().encode('admin123'.repeat(8));
  return await new SignJWT({ username: 'someone@example.com', admin: true, ...claims })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setIssuedAt()
    .setExpirationTime('1d')
    .sign(secret);
}

/** Issues a token as auth does, but for nobody. */
async function invent({ backend }: Flow): Promise<string> {
  const tokens = createAccessTokens({ secrets: [backend.signingSecret], clock: systemClock });
  const nobody = { id: randomUUID(), email: 'nobody@example.com', admin: true };
  return await tokens.issue(nobody, randomUUID(), 3600);
}

function unsign(token: string): string {
  const [, claims = ''] = token.split('.');
  const header = Buffer.from(JSON.stringify({ alg: 'none', typ: 'JWT' })).toString('base64url');
  return `${header}.${claims}.`;
}

function promote(token: string): string {
  const [header, claims = '', signature] = token.split('.');
  const changed = { ...JSON.parse(Buffer.from(claims, 'base64url').toString()), admin: true };
  return `${header}.${Buffer.from(JSON.stringify(changed)).toString('base64url')}.${signature}`;
}
