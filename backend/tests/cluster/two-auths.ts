import { createConnection } from 'mysql2/promise';
import { describe, expect, it } from 'vitest';
import { type Session, sessionSchema } from '../../../shared/api.ts';
import { type ApiClient, makeAccount } from '../running/api-client.ts';
import { openEvents } from '../running/event-client.ts';
import { waitUntil } from '../running/wait-until.ts';
import { accountAtBoth, type Both, type DoubledCluster } from './doubled-cluster.ts';

type Cluster = () => DoubledCluster;

/** What two auths, each behind a gateway, do together. Registers vitest's tests. */
export function describeTwoAuths(two: Cluster): void {
  describeLimits(two);
  describeCodes(two);
  describeTokens(two);
}

function describeLimits(two: Cluster): void {
  describe('a limit', () => {
    it('of wrong passwords holds for both auths together, however many come at once', async () => {
      const { email, password } = await makeAccount({ url: () => two().gateways[0] });
      const guesses = await postInTurn(
        two(),
        14,
        '/api/v1/sessions',
        { email, password: 'a wrong password' },
        '192.0.2.1',
      );
      expect([timesOf(guesses, 401), timesOf(guesses, 429)]).toEqual([10, 4]);
      expect(await postInTurn(two(), 2, '/api/v1/sessions', { email, password }, '192.0.2.1')).toEqual([429, 429]);
      expect(await postInTurn(two(), 2, '/api/v1/sessions', { email, password }, '192.0.2.99')).toEqual([200, 200]);
    });

    it('of sign-ups holds for both auths together', async () => {
      const account = { email: 'often@example.com', password: 'a long enough password' };
      const answers: number[] = [];
      // More at once could take a slow machine longer than a gateway waits for auth.
      while (answers.length < 54)
        answers.push(...(await postInTurn(two(), 6, '/api/v1/accounts', account, '192.0.2.2')));
      expect([timesOf(answers, 201), timesOf(answers, 409), timesOf(answers, 429)]).toEqual([1, 49, 4]);
    });

    it('of tries of a code holds for both auths together', async () => {
      const [one, other, code] = await unconfirmed(two());
      const wrong = code.replace(/\d$/, (last) => String((Number(last) + 1) % 10));
      const tries = Array.from({ length: 6 }, (_, index) => confirm(index % 2 === 0 ? one : other, wrong));
      expect(await Promise.all(tries)).toEqual([422, 422, 422, 422, 422, 422]);
      expect([await confirm(one, code), await confirm(other, code)]).toEqual([422, 422]);
    });
  });
}

function describeCodes(two: Cluster): void {
  describe('a code that one auth has mailed', () => {
    it('is the only one within a minute, and is redeemed by the other', async () => {
      const [, other, code] = await unconfirmed(two());
      expect((await other.fetch('/api/v1/me/confirm', { method: 'POST' })).status).toBe(429);
      expect(await confirm(other, code)).toBe(200);
    });

    it('for a new password works once, also when both get it at once', async () => {
      const [one, other, first] = await unconfirmed(two());
      expect(await confirm(one, first)).toBe(200);
      const { email } = one;
      expect((await post(two().gateways[0], '/api/v1/accounts/reset', { email })).status).toBe(202);
      const code = await mailedCode(two(), one, 2);
      const reset = { email, code, password: 'another long password' };
      const answers = await postInTurn(two(), 2, '/api/v1/accounts/reset/confirm', reset, '192.0.2.3');
      expect(answers.toSorted((a, b) => a - b)).toEqual([204, 422]);
      for (const account of [one, other]) expect((await account.fetch('/api/v1/me')).status).toBe(401);
    });
  });
}

function describeTokens(two: Cluster): void {
  describe('a refresh token', () => {
    async function start(): Promise<Session> {
      const { email, password } = await makeAccount({ url: () => two().gateways[0] });
      const answer = await post(two().gateways[0], '/api/v1/sessions', { email, password });
      return sessionSchema.parse(await answer.json());
    }
    const refresh = (url: string, refreshToken: string): Promise<Response> =>
      post(url, '/api/v1/sessions/refresh', { refreshToken });

    it('that is used at both auths at once gives pairs that are good at both', async () => {
      const { refreshToken } = await start();
      const answers = await Promise.all(two().gateways.map((url) => refresh(url, refreshToken)));
      expect(answers.map(({ status }) => status)).toEqual([200, 200]);
      for (const [index, answer] of answers.entries()) {
        const pair = sessionSchema.parse(await answer.json());
        expect((await refresh(two().gateways[1 - index] ?? '', pair.refreshToken)).status).toBe(200);
      }
    });

    it('that was used at one auth more than a minute ago ends the session when it is used at the other', async () => {
      const { refreshToken } = await start();
      const next = sessionSchema.parse(await (await refresh(two().gateways[0], refreshToken)).json());
      await putUseBack(refreshToken);
      expect((await refresh(two().gateways[1], refreshToken)).status).toBe(401);
      for (const url of two().gateways) {
        expect((await refresh(url, next.refreshToken)).status).toBe(401);
        const authorization = `Bearer ${next.accessToken}`;
        expect((await fetch(`${url}/api/v1/me`, { headers: { authorization } })).status).toBe(401);
      }
    });

    /** Makes the uses of the session's tokens two minutes older. */
    async function putUseBack(refreshToken: string): Promise<void> {
      const [id = ''] = refreshToken.split('.');
      const connection = await createConnection(two().servers.MYSQL_URL);
      try {
        const before = new Date(Date.now() - 120_000).toISOString();
        const changed = `JSON_REPLACE(tokens, '$.used[0].at', ?)`;
        await connection.execute(`UPDATE session SET tokens = ${changed} WHERE id = ?`, [before, id]);
      } finally {
        await connection.end();
      }
    }
  });

  describe('a session', () => {
    it('that ends at one gateway closes the sockets at the other', async () => {
      const { email, password } = await makeAccount({ url: () => two().gateways[0] });
      const session = sessionSchema.parse(
        await (await post(two().gateways[0], '/api/v1/sessions', { email, password })).json(),
      );
      const authorization = `Bearer ${session.accessToken}`;
      await using client = await openEvents(two().gateways[1], { token: session.accessToken });
      await client.hello;
      let pings = 0;
      client.socket.on('ping', () => {
        pings += 1;
      });
      const answer = await fetch(`${two().gateways[0]}/api/v1/sessions`, {
        method: 'DELETE',
        headers: { authorization },
      });
      expect(answer.status).toBe(204);
      expect((await client.ended).code).toBe(4401);
      // Its token is checked again with each ping, too.
      expect(pings).toBe(0);
      for (const url of two().gateways) {
        expect((await fetch(`${url}/api/v1/me`, { headers: { authorization } })).status).toBe(401);
      }
    });
  });
}

/** A new account at both gateways, with its mailed code. */
async function unconfirmed(two: DoubledCluster): Promise<readonly [...Both, code: string]> {
  const [one, other] = await accountAtBoth(two);
  return [one, other, await mailedCode(two, one, 1)];
}

/** The code in the account's mail with this number. */
async function mailedCode({ mailServer }: DoubledCluster, { email }: ApiClient, number: number): Promise<string> {
  const subject = await waitUntil(
    'the code was mailed',
    () => mailServer.mails.filter(({ to }) => to.includes(email))[number - 1]?.parsed.subject,
  );
  return /^(\d{4}) (\d{4}) /.exec(subject)?.slice(1).join('') ?? '';
}

async function confirm(account: ApiClient, code: string): Promise<number> {
  const headers = { 'content-type': 'application/json' };
  const answer = await account.fetch('/api/v1/me/confirm', {
    method: 'POST',
    headers,
    body: JSON.stringify({ code }),
  });
  return answer.status;
}

/** Sends the same JSON to the gateways in turn, all at once, as a client at `address`. */
async function postInTurn(
  { gateways }: DoubledCluster,
  count: number,
  path: string,
  body: unknown,
  address: string,
): Promise<readonly number[]> {
  const answers = Array.from({ length: count }, (_, index) =>
    post(gateways[index % 2] ?? '', path, body, { 'x-forwarded-for': address }),
  );
  return (await Promise.all(answers)).map(({ status }) => status);
}

async function post(
  url: string,
  path: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  const all = { 'content-type': 'application/json', ...headers };
  const answer = await fetch(`${url}${path}`, { method: 'POST', headers: all, body: JSON.stringify(body) });
  // So that its connection is free.
  const text = await answer.text();
  return new Response(text || null, { status: answer.status, headers: answer.headers });
}

const timesOf = (statuses: readonly number[], status: number): number =>
  statuses.filter((one) => one === status).length;
