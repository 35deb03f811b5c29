import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sessionSchema } from '../../../shared/api.ts';
import type { Authentication } from '../../http/authentication.ts';
import { collectMails } from '../../tests/collecting-mailer.ts';
import { type EventClient, openEvents } from '../../tests/running/event-client.ts';
import { waitUntil } from '../../tests/running/wait-until.ts';
import { codeIn } from '../../tests/test-auth.ts';
import { startTestEventSockets, type TestEventSockets } from '../../tests/test-event-sockets.ts';
import { startTestGateway, type TestGateway } from '../../tests/test-gateway.ts';

/** No ping happens during a test, so only a message can end a socket. */
const pingSeconds = 7200;

const clients: EventClient[] = [];
async function open(...options: Parameters<typeof openEvents>): Promise<EventClient> {
  const client = await openEvents(...options);
  clients.push(client);
  return client;
}
afterEach(async () => {
  for (const client of clients.splice(0)) await client[Symbol.asyncDispose]();
});

describe('a socket of a session', () => {
  const email = 'anna@example.com';
  const password = 'a long enough password';
  const { mails, mailer } = collectMails();
  /** All checks of tokens so far. */
  let checks: Promise<unknown>[];
  /** Holds back the answer to the next check until `release`. */
  let held: { isReached: boolean; readonly released: Promise<void>; readonly release: () => void } | undefined;
  let gateway: TestGateway;

  function watched(real: Authentication): Authentication {
    async function identify(token: string) {
      const identity = await real.identify(token);
      const hold = held;
      held = undefined;
      if (hold !== undefined) {
        hold.isReached = true;
        await hold.released;
      }
      return identity;
    }
    return {
      ...real,
      identify(token) {
        const check = identify(token);
        checks.push(check);
        return check;
      },
    };
  }

  beforeEach(async () => {
    mails.length = 0;
    checks = [];
    const settings = { sockets: { pingSeconds } };
    gateway = await startTestGateway({ settings, authentication: watched, mail: { mailer, host: 'example.org' } });
    await call('POST', '/accounts', { email, password });
  });
  afterEach(() => gateway[Symbol.asyncDispose]());

  async function call(method: string, path: string, body: unknown, token?: string): Promise<Response> {
    const headers = new Headers({ 'content-type': 'application/json' });
    if (token !== undefined) headers.set('authorization', `Bearer ${token}`);
    return await fetch(`${gateway.url}/api/v1${path}`, { method, headers, body: JSON.stringify(body) });
  }

  async function startSession(): Promise<string> {
    const answer = await call('POST', '/sessions', { email, password });
    return sessionSchema.parse(await answer.json()).accessToken;
  }

  /** Starts a new session of the account and connects a socket with it. */
  async function listen(): Promise<{ readonly token: string; readonly client: EventClient }> {
    const token = await startSession();
    const client = await open(gateway.url, { token });
    await client.hello;
    return { token, client };
  }

  async function expectKept({ socket, frames }: EventClient): Promise<void> {
    await Promise.allSettled(checks);
    // A close frame would arrive before the answer.
    socket.ping();
    await Promise.race([once(socket, 'pong'), once(socket, 'close')]);
    expect(socket.readyState).toBe(socket.OPEN);
    expect(frames.map(({ type }) => type)).toEqual(['hello']);
  }

  it('is closed with 4401 when its session ends, and others stay open', async () => {
    const [ended, kept] = [await listen(), await listen()];
    expect((await call('DELETE', '/sessions', {}, ended.token)).status).toBe(204);
    expect(await ended.client.ended).toMatchObject({ code: 4401 });
    await expectKept(kept.client);
  });

  it('is closed with 4401 when another session sets a new password, and that one’s stays open', async () => {
    const [own, other] = [await listen(), await listen()];
    const change = { old: password, new: 'another long password' };
    expect((await call('POST', '/me/password', change, own.token)).status).toBe(204);
    expect(await other.client.ended).toMatchObject({ code: 4401 });
    await expectKept(own.client);
  });

  it('is closed with 4401 when a mailed code sets a new password', async () => {
    const [one, other] = [await listen(), await listen()];
    const user = await gateway.users.findByEmail(email);
    await gateway.users.update(user?.id ?? '', { confirmed: true });
    const stranger = await gateway.account();
    const kept = await open(gateway.url, { token: stranger.token });
    await kept.hello;
    await waitUntil('the first mail', () => mails.length === 1);
    await call('POST', '/accounts/reset', { email });
    await waitUntil('the mail with the code', () => mails.length === 2);
    const reset = { email, code: codeIn(mails[1]), password: 'another long password' };
    const answer = await call('POST', '/accounts/reset/confirm', reset);
    expect([answer.status, await answer.text()]).toEqual([204, '']);
    for (const { client } of [one, other]) expect(await client.ended).toMatchObject({ code: 4401 });
    await expectKept(kept);
  });

  it('is closed with 4401 when the account is removed', async () => {
    const [one, other] = [await listen(), await listen()];
    expect((await call('DELETE', '/me', { password }, one.token)).status).toBe(204);
    for (const { client } of [one, other]) expect(await client.ended).toMatchObject({ code: 4401 });
  });

  it.each([
    ['with a header', false],
    ['in the first message', true],
  ])('is closed with 4401 if its session ends while it signs in %s', async (_how, inMessage) => {
    const token = await startSession();
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const hold = { isReached: false, released, release };
    held = hold;
    const opening = open(gateway.url, { token, inMessage });
    await waitUntil('its token is checked', () => hold.isReached);
    expect((await call('DELETE', '/sessions', {}, token)).status).toBe(204);
    release();
    expect(await (await opening).ended).toMatchObject({ code: 4401 });
  });
});

describe('after a message from any gateway that sessions of an account have ended, a socket', () => {
  let stand: TestEventSockets;
  beforeEach(async () => {
    stand = await startTestEventSockets({ pingSeconds });
  });
  afterEach(() => stand[Symbol.asyncDispose]());

  async function listen(account: string): Promise<{ readonly token: string; readonly client: EventClient }> {
    const token = stand.token(account);
    const { count } = stand.asked;
    const client = await open(stand.url, { token });
    await client.hello;
    await waitUntil('its token was checked again', () => stand.asked.count === count + 2);
    return { token, client };
  }

  function announce(owner: string): void {
    stand.test.events.publishInternal({ owner, message: { type: 'sessions_ended' } });
  }

  it('of that account is closed with 4401 if its token is refused, and no other token is checked', async () => {
    const [ended, kept, other] = [await listen('anna'), await listen('anna'), await listen('bert')];
    stand.revoke(ended.token);
    stand.revoke(other.token);
    const { count } = stand.asked;
    announce('anna');
    expect(await ended.client.ended).toMatchObject({ code: 4401 });
    expect(stand.asked.count).toBe(count + 2);
    for (const { client } of [kept, other]) expect(client.socket.readyState).toBe(client.socket.OPEN);
    announce('anna');
    await waitUntil('the remaining token is checked', () => stand.asked.count >= count + 3);
    expect(stand.asked.count).toBe(count + 3);
  });

  it('stays open while auth is unavailable', async () => {
    const { client } = await listen('anna');
    stand.auth.isAway = true;
    const { count } = stand.asked;
    announce('anna');
    await waitUntil('its token is checked', () => stand.asked.count === count + 1);
    await stand.publish('anna', { type: 'read', ids: ['later'] });
    await client.until('the event', (frames) => frames.at(-1)?.type === 'read');
  });

  it('is closed with 4401 even if the message was lost in a gap', async () => {
    const { client, token } = await listen('anna');
    stand.test.line.cut();
    stand.revoke(token);
    announce('anna');
    await stand.test.line.mend();
    expect(await client.ended).toMatchObject({ code: 4401 });
  });
});
