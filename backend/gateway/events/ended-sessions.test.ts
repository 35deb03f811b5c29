import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sessionSchema } from '../../../shared/api.ts';
import { type EventClient, openEvents } from '../../tests/running/event-client.ts';
import { startTestGateway, type TestGateway } from '../../tests/test-gateway.ts';

const password = 'a long enough password';
const headers = { 'content-type': 'application/json' };

describe('a socket of a session', () => {
  let gateway: TestGateway;
  const clients: EventClient[] = [];
  beforeEach(async () => {
    // Short, so that a socket notices soon that its token is invalid. A busy machine must still answer each ping in time.
    gateway = await startTestGateway({ settings: { sockets: { pingSeconds: 0.5 } } });
    await call('POST', '/api/v1/accounts', { email: 'anna@example.com', password });
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) await client[Symbol.asyncDispose]();
    await gateway[Symbol.asyncDispose]();
  });

  async function call(method: string, path: string, body: unknown, token?: string): Promise<Response> {
    const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const init = { method, headers: { ...headers, ...authorization }, body: JSON.stringify(body) };
    return await fetch(`${gateway.url}${path}`, init);
  }

  /** Starts a new session of the account and connects a socket with it. */
  async function listen(): Promise<{ readonly token: string; readonly client: EventClient }> {
    const answer = await call('POST', '/api/v1/sessions', { email: 'anna@example.com', password });
    const { accessToken: token } = sessionSchema.parse(await answer.json());
    const client = await openEvents(gateway.url, { token });
    clients.push(client);
    await client.hello;
    return { token, client };
  }

  function isOpen({ socket }: EventClient): boolean {
    return socket.readyState === socket.OPEN;
  }

  it('is closed with 4401 when its session ends, and others stay open', async () => {
    const [ended, kept] = [await listen(), await listen()];
    expect((await call('DELETE', '/api/v1/sessions', {}, ended.token)).ok).toBe(true);
    expect(await ended.client.ended).toMatchObject({ code: 4401 });
    expect(isOpen(kept.client)).toBe(true);
  });

  it('is closed with 4401 when another session sets a new password', async () => {
    const [own, other] = [await listen(), await listen()];
    const change = { old: password, new: 'another long password' };
    expect((await call('POST', '/api/v1/me/password', change, own.token)).ok).toBe(true);
    expect(await other.client.ended).toMatchObject({ code: 4401 });
    expect(isOpen(own.client)).toBe(true);
  });

  it('is closed with 4401 when the account is removed', async () => {
    const [one, other] = [await listen(), await listen()];
    expect((await call('DELETE', '/api/v1/me', { password }, one.token)).ok).toBe(true);
    for (const { client } of [one, other]) expect(await client.ended).toMatchObject({ code: 4401 });
  });
});
