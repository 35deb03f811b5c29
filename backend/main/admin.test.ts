import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type EmbeddedStores, openEmbeddedStores } from '../adapters/embedded/embedded-stores.ts';
import { createMemoryRateLimit } from '../adapters/embedded/memory-rate-limit.ts';
import { createAuth } from '../auth/auth.ts';
import type { Authentication } from '../http/authentication.ts';
import { systemClock } from '../ports/clock.ts';
import { runUserCommand } from './admin.ts';

let parent: string;
let dataFolder: string;

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'soundlift-user-'));
  dataFolder = join(parent, 'data');
});
afterEach(() => rm(parent, { recursive: true }));

/** Runs the command and answers its questions with `passwords`, in order. */
async function run(args: readonly string[], passwords: readonly string[] = []) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const questions: string[] = [];
  const code = await runUserCommand(args, {
    config: { dataFolder, mysqlUrl: undefined },
    stdout,
    stderr,
    readPassword: async (question) => passwords[questions.push(question) - 1] ?? 'not enough passwords',
  });
  stdout.end();
  stderr.end();
  return { code, out: await text(stdout), err: await text(stderr), questions };
}

function authOver(stores: EmbeddedStores): Authentication {
  return createAuth({
    ...stores,
    rateLimit: createMemoryRateLimit(systemClock),
    secrets: ['a secret of at least thirty-two bytes'],
    loginTokenSeconds: 60,
    signUp: 'closed',
    clock: systemClock,
    log: pino({ level: 'silent' }),
  });
}

async function signIn(email: string, password: string): Promise<boolean> {
  await using stores = await openEmbeddedStores(dataFolder);
  return await authOver(stores)
    .signIn({ email, password }, 'here')
    .then(
      () => true,
      () => false,
    );
}

describe('soundlift user', () => {
  it('adds an account that can sign in, even if there was no data folder', async () => {
    const added = await run(['add', 'Ada@Example.com'], ['a long password', 'a long password']);
    expect(added).toEqual({
      code: 0,
      out: 'Added ada@example.com.\n',
      err: '',
      questions: ['Password: ', 'Repeat it: '],
    });
    expect(await signIn('ada@example.com', 'a long password')).toBe(true);
  });

  it('lists the accounts and tells admins from others', async () => {
    await run(['add', 'root@example.com', '--admin'], ['a long password', 'a long password']);
    await run(['add', 'ada@example.com'], ['a long password', 'a long password']);
    const { code, out } = await run(['list']);
    expect(code).toBe(0);
    expect(out.replaceAll(/^\S+/gm, 'TIME')).toBe('TIME  user   ada@example.com\nTIME  admin  root@example.com\n');
  });

  it('sets a new password', async () => {
    await run(['add', 'ada@example.com'], ['a long password', 'a long password']);
    expect(await run(['password', 'ada@example.com'], ['another password', 'another password'])).toMatchObject({
      code: 0,
    });
    expect(await signIn('ada@example.com', 'another password')).toBe(true);
    expect(await signIn('ada@example.com', 'a long password')).toBe(false);
  });

  it('ends every session of the account with a new password, also at a running server', async () => {
    await run(['add', 'ada@example.com'], ['a long password', 'a long password']);
    await using stores = await openEmbeddedStores(dataFolder);
    const auth = authOver(stores);
    const token = await auth.signIn({ email: 'ada@example.com', password: 'a long password' }, 'here');
    expect(await auth.identify(token)).toMatchObject({ email: 'ada@example.com' });
    await run(['password', 'ada@example.com'], ['another password', 'another password']);
    await expect(auth.identify(token)).rejects.toMatchObject({ code: 'unauthorized' });
  });

  it('adds accounts with a confirmed address', async () => {
    await run(['add', 'ada@example.com'], ['a long password', 'a long password']);
    await using stores = await openEmbeddedStores(dataFolder);
    expect(await stores.users.findByEmail('ada@example.com')).toMatchObject({ confirmed: true, mail: true });
  });

  it('works beside a running server', async () => {
    await using server = await openEmbeddedStores(dataFolder);
    expect(await run(['add', 'ada@example.com'], ['a long password', 'a long password'])).toMatchObject({ code: 0 });
    expect(await server.users.findByEmail('ada@example.com')).toBeDefined();
  });

  it('names the setting of a data folder that it cannot use', async () => {
    await writeFile(dataFolder, 'x');
    expect(await run(['list'])).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^The data folder \(SOUNDLIFT_DATA\) cannot be used: it is not a folder/),
    });
  });

  it('does not ask for a password when the account to add exists, or the one to change does not', async () => {
    await run(['add', 'ada@example.com'], ['a long password', 'a long password']);
    expect(await run(['add', 'ADA@example.com'])).toEqual({
      code: 1,
      out: '',
      err: 'There is already an account for ada@example.com.\n',
      questions: [],
    });
    expect(await run(['password', 'eve@example.com'])).toMatchObject({
      code: 1,
      err: 'There is no account for eve@example.com.\n',
      questions: [],
    });
  });

  it.each([
    ['nobody', [], /^The e-mail address cannot be used: an e-mail address is expected\.\n$/],
    ['a@example.com', ['short', 'short'], /^The password cannot be used: at least 8 characters are expected\.\n$/],
    ['a@example.com', ['a long password', 'a lang password'], /^The two passwords differ/],
  ])('refuses %s with %j and says why', async (email, passwords, sentence) => {
    const { code, err } = await run(['add', email], passwords);
    expect(code).toBe(1);
    expect(err).toMatch(sentence);
    expect((await run(['list'])).out).toBe('');
  });

  it.each([
    [[]],
    [['add']],
    [['remove', 'a@example.com']],
    [['add', 'a@example.com', 'a password on the command line']],
    [['list', 'a@example.com']],
    [['password', 'a@example.com', '--admin']],
    [['add', 'a@example.com', '--superuser']],
  ])('shows its usage after %j and ends with 2', async (args) => {
    const { code, err, questions } = await run(args);
    expect([code, questions]).toEqual([2, []]);
    expect(err).toContain('Usage: soundlift user add EMAIL [--admin]');
  });

  it('shows its usage when asked and ends with 0', async () => {
    const { code, out } = await run(['--help']);
    expect(code).toBe(0);
    expect(out).toContain('Usage:');
  });
});
