import { createServer } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { listenSomewhere } from '../../backend/tests/running/listen-somewhere.ts';
import { openServerStand, type ServerStand } from '../../backend/tests/running/server-stand.ts';
import { createServerHttp } from './server-http.ts';
import { type KeptSession, keepInMemory, openServerSession, type SessionKeeper, signIn } from './server-session.ts';

const running = new AsyncDisposableStack();
let stand: ServerStand;
const me = { method: 'GET', path: '/api/v1/me' } as const;

beforeAll(async () => {
  stand = running.use(await openServerStand());
});
afterAll(() => running.disposeAsync());
afterEach(() => vi.useRealTimers());

/** A stored sign-in, and how often it was stored again. */
async function signedIn(changes: Partial<KeptSession> = {}, url = stand.line.url) {
  const memory = keepInMemory();
  await signIn(createServerHttp(url), stand.account, memory);
  const first = await kept(memory);
  await memory.write({ ...first, ...changes });
  let writes = 0;
  const keeper: SessionKeeper = {
    read: memory.read,
    async write(session) {
      writes += 1;
      await memory.write(session);
    },
  };
  return { keeper, first, writes: () => writes };
}

async function kept(keeper: SessionKeeper): Promise<KeptSession> {
  const session = await keeper.read();
  if (session === undefined) throw new Error('nothing is kept');
  return session;
}

function open(keeper: SessionKeeper, url = stand.line.url) {
  return openServerSession(createServerHttp(url), keeper);
}

const longAgo = '2020-01-01T00:00:00.000Z';
const refusedSession: KeptSession = {
  accessToken: 'token',
  refreshToken: 'refresh',
  expiresAt: '2100-01-01T00:00:00.000Z',
  email: 'anna@example.com',
  signedInAt: longAgo,
};

/** A server that gives new tokens, and refuses all of them unless it `accepts` them. */
async function startRefusingServer(
  onRefresh: () => void,
  { date, accepts = false }: { readonly date?: string; readonly accepts?: boolean } = {},
) {
  const server = createServer((request, response) => {
    if (date !== undefined) response.setHeader('Date', date);
    if (request.url !== '/api/v1/sessions/refresh') {
      response.statusCode = accepts ? 200 : 401;
      const problem = { type: 'about:blank', title: 'No', status: 401, code: 'unauthorized', detail: 'No.' };
      return response.end(JSON.stringify(accepts ? {} : problem));
    }
    onRefresh();
    const expiresAt = new Date(Date.now() + 900_000).toISOString();
    return response.end(JSON.stringify({ accessToken: `token ${Math.random()}`, expiresAt, refreshToken: 'next' }));
  });
  const { port, ...listening } = await listenSomewhere(server);
  return { ...listening, url: `http://127.0.0.1:${port}` };
}

describe('a session', () => {
  it('sends its token as long as that is valid', async () => {
    const { keeper, writes } = await signedIn();
    expect((await open(keeper).ask(me)).data).toMatchObject({ email: stand.account.email });
    expect(writes()).toBe(0);
  });

  it('gets and stores a new token before the old one expires', async () => {
    const { keeper, first } = await signedIn({ expiresAt: longAgo });
    expect((await open(keeper).ask(me)).data).toMatchObject({ email: stand.account.email });
    const second = await kept(keeper);
    expect(second).toMatchObject({ email: stand.account.email, signedInAt: first.signedInAt });
    expect(second.accessToken).not.toBe(first.accessToken);
    expect(second.refreshToken).not.toBe(first.refreshToken);
  });

  it('gets a new token when the server refuses the old one', async () => {
    const { keeper, writes } = await signedIn({ accessToken: 'no.such.token' });
    expect((await open(keeper).ask(me)).data).toMatchObject({ email: stand.account.email });
    expect(writes()).toBe(1);
  });

  it('gets only one token when several requests need one at once', async () => {
    const { keeper, writes } = await signedIn({ expiresAt: longAgo });
    const session = open(keeper);
    await Promise.all(Array.from({ length: 10 }, () => session.ask(me)));
    expect(writes()).toBe(1);
  });

  it.each([16, -16])(
    'is refreshed only when its token ends if this computer’s clock is %i minutes ahead',
    async (minutes) => {
      vi.useFakeTimers({ toFake: ['Date', 'performance'], now: Date.now() + minutes * 60_000 });
      // The line's own clock must not stand still.
      const { url } = stand.server();
      const { keeper, writes } = await signedIn({}, url);
      const session = open(keeper, url);
      for (let call = 0; call < 5; call += 1) await session.ask(me);
      expect(writes()).toBe(0);
      // The clock passes the time at which the token ends.
      vi.advanceTimersByTime(14.5 * 60_000);
      for (let call = 0; call < 5; call += 1) await session.ask(me);
      expect(writes()).toBe(1);
      // The clock is corrected, which does not make the new token older.
      vi.setSystemTime(Date.now() + 3600_000);
      for (let call = 0; call < 5; call += 1) await session.ask(me);
      expect(writes()).toBe(1);
    },
  );

  it('asks for one new token when the server refuses that as well', async () => {
    let refreshes = 0;
    await using server = await startRefusingServer(() => {
      refreshes += 1;
    });
    const session = openServerSession(createServerHttp(server.url), keepInMemory(refusedSession));
    const refused = Array.from({ length: 10 }, () => session.ask(me));
    for (const call of refused) await expect(call).rejects.toMatchObject({ code: 'unauthorized' });
    expect(refreshes).toBe(1);
  });

  it('does not ask for a token with each call if a proxy gives its answers a wrong time', async () => {
    let refreshes = 0;
    await using server = await startRefusingServer(
      () => {
        refreshes += 1;
      },
      { date: new Date(Date.now() + 3600_000).toUTCString(), accepts: true },
    );
    const kept = { ...refusedSession, expiresAt: longAgo };
    const session = openServerSession(createServerHttp(server.url), keepInMemory(kept));
    for (let call = 0; call < 5; call += 1) await session.ask(me);
    expect(refreshes).toBe(1);
  });

  it('stays valid when two processes refresh at the same time', async () => {
    const { keeper } = await signedIn({ expiresAt: longAgo });
    const both = [open(keeper), open(keeper)];
    for (let round = 0; round < 3; round += 1) {
      const answers = await Promise.all(both.map((session) => session.ask(me)));
      expect(answers).toHaveLength(2);
      await keeper.write({ ...(await kept(keeper)), expiresAt: longAgo });
    }
  });

  it('uses a token that another process has fetched', async () => {
    const { keeper, writes } = await signedIn({ accessToken: 'no.such.token' });
    const session = open(keeper);
    await session.renewed('no.such.token');
    expect(writes()).toBe(1);
    await open(keeper).renewed('no.such.token');
    expect(writes()).toBe(1);
  });

  it('that was ended asks to sign in again, with the name of the server', async () => {
    const { keeper, first } = await signedIn();
    await open(keeper).signOut();
    expect(await keeper.read()).toBeUndefined();
    await keeper.write(first);
    await expect(open(keeper).ask(me)).rejects.toMatchObject({
      code: 'unauthorized',
      message: `You are not signed in to ${new URL(stand.line.url).host}.`,
    });
  });

  it('is deleted here even if the server cannot be reached', async () => {
    const { keeper } = await signedIn();
    stand.line.down = true;
    stand.line.cut();
    await expect(open(keeper).signOut()).rejects.toMatchObject({ code: 'unavailable' });
    stand.line.down = false;
    expect(await keeper.read()).toBeUndefined();
  });

  it('does not start with a wrong password', async () => {
    const keeper = keepInMemory();
    const wrong = { email: stand.account.email, password: 'not the password' };
    const signing = signIn(createServerHttp(stand.line.url), wrong, keeper);
    await expect(signing).rejects.toMatchObject({ code: 'unauthorized' });
    expect(await keeper.read()).toBeUndefined();
  });
});
