import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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

/** A stored sign-in, and how often it was stored again. */
async function signedIn(changes: Partial<KeptSession> = {}) {
  const memory = keepInMemory();
  await signIn(createServerHttp(stand.line.url), stand.account, memory);
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

function open(keeper: SessionKeeper) {
  return openServerSession(createServerHttp(stand.line.url), keeper);
}

const longAgo = '2020-01-01T00:00:00.000Z';

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
