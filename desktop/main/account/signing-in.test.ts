import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBackendsStand } from '../../../backend/tests/running/backends-stand.ts';
import { type MailServer, startMailServer } from '../../../backend/tests/running/mail-server.ts';
import { startServerProcess } from '../../../backend/tests/running/server-process.ts';
import { openServerStand, type ServerStand } from '../../../backend/tests/running/server-stand.ts';
import { waitUntil } from '../../../backend/tests/running/wait-until.ts';

const running = new AsyncDisposableStack();
let stand: ServerStand;
let mailed: ServerStand;
let mailServer: MailServer;
/** An address at which no server listens. */
const nowhere = 'http://127.0.0.1:1';
const password = 'a long enough password';

beforeAll(async () => {
  stand = running.use(await openServerStand());
  mailServer = running.use(await startMailServer());
  const environment = { SMTP_URL: mailServer.url, MAIL_FROM: 'Soundlift <no-reply@sound.example.org>' };
  mailed = running.use(await openServerStand({ environment }));
});
afterAll(() => running.disposeAsync());

/** The latest code that was mailed to an address. */
async function mailedCode(email: string): Promise<string> {
  const subject = await waitUntil(
    'a code was mailed',
    () => mailServer.mails.findLast(({ to }) => to.includes(email))?.parsed.subject,
  );
  return /^(\d{4} \d{4}) /.exec(subject)?.[1] ?? '';
}

describe('signing in', () => {
  it('stores the account and connects, also after a restart', async () => {
    await using opened = await openBackendsStand();
    const { backends, settings } = opened;
    const { email } = stand.account;
    expect(backends.status()).toEqual({ kind: 'none' });
    expect(backends.current()).toBeUndefined();
    const form = { address: `${stand.line.url}/`, email: ` ${email.toUpperCase()} `, password };
    expect(await backends.signIn(form)).toEqual({ ok: true });
    await waitUntil('it is connected', () => backends.current()?.reachable());
    await waitUntil('the account is known', () => opened.heard.some(({ type }) => type === 'all'));
    const { host } = new URL(stand.line.url);
    expect(backends.status()).toEqual({
      kind: 'server',
      host,
      email,
      connection: 'connected',
      confirmed: true,
      thisSessionOnly: true,
      readable: false,
    });
    expect(settings.get().backend).toEqual({ kind: 'server', url: stand.line.url, email });
    expect(backends.current()).toMatchObject({ key: `${stand.line.url} ${email}`, host });

    await using again = await opened.startAgain();
    await waitUntil('it is connected again', () => again.backends.current()?.reachable());
    await again.backends.signOut();
    expect(again.backends.status()).toMatchObject({ connection: 'signed_out', leftOnPurpose: true, email, host });
    expect(again.backends.current()).toBeUndefined();
    expect(again.backends.currentKey()).toBe(`${stand.line.url} ${email}`);
    await using later = await again.startAgain();
    expect(later.backends.status()).toMatchObject({ connection: 'signed_out', email, host });
  });

  it('writes no secret to the log or the settings', async () => {
    await using opened = await openBackendsStand();
    const { backends, settings, logged, secrets } = opened;
    const { email } = stand.account;
    const own = { address: stand.line.url, email };
    await backends.signIn({ ...own, password: 'an entirely other one' });
    await backends.signIn({ ...own, password });
    await waitUntil('it is connected', () => backends.current()?.reachable());
    const kept = JSON.parse((await secrets.read('sign-in')) ?? '') as { session: Record<string, string> };
    stand.line.cut();
    const told = JSON.stringify([logged, settings.get(), backends.status()]);
    for (const secret of [kept.session['accessToken'], kept.session['refreshToken'], password, 'an entirely']) {
      expect(secret).toBeTypeOf('string');
      expect(told).not.toContain(secret);
    }
  });

  it('names each possible problem of the form', async () => {
    await using opened = await openBackendsStand();
    const { backends } = opened;
    const form = { address: stand.line.url, email: stand.account.email, password };
    const { host } = new URL(stand.line.url);
    const problem = (code: string, more = {}) => ({ ok: false, problem: { code, ...more } });
    expect(await backends.signIn({ ...form, address: 'two words' })).toEqual(problem('address'));
    expect(await backends.signIn({ ...form, address: '' })).toEqual(problem('address'));
    expect(await backends.signIn({ ...form, email: 'anna' })).toEqual(problem('email'));
    expect(await backends.signIn({ ...form, password: '' })).toEqual(problem('wrong_password'));
    expect(await backends.signIn({ ...form, password: 'wrong' })).toEqual(problem('wrong_password'));
    expect(await backends.signIn({ ...form, address: nowhere })).toEqual(
      problem('unreachable', { host: '127.0.0.1:1' }),
    );
    expect(await backends.signIn({ ...form, address: `https://${host}` })).toEqual(problem('not_soundlift', { host }));
    expect(await backends.createAccount({ ...form, password: 'short' })).toEqual(problem('short_password'));
    expect(await backends.createAccount(form)).toEqual(problem('taken'));
    expect(await backends.forgotPassword(form)).toEqual(problem('no_mail', { host }));
    expect(await backends.resetPassword({ ...form, code: '1234 5678' })).toEqual(problem('wrong_code'));
    expect(await backends.resetPassword({ ...form, code: ' ' })).toEqual(problem('wrong_code'));
    expect(await backends.confirmAddress('1234 5678')).toEqual(problem('signed_out'));
    expect(backends.status()).toEqual({ kind: 'none' });
  });

  it('sends no password to a server that is not Soundlift', async () => {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(`${request.method} ${request.url}`);
      response.end('<h1>Welcome to nginx</h1>');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    await using opened = await openBackendsStand();
    const form = { address: host, email: 'anna@example.com', password };
    const refused = { ok: false, problem: { code: 'not_soundlift', host } };
    expect(await opened.backends.signIn(form)).toEqual(refused);
    expect(await opened.backends.createAccount(form)).toEqual(refused);
    expect(await opened.backends.resetPassword({ ...form, code: '1' })).toEqual(refused);
    expect(new Set(asked)).toEqual(new Set(['GET /api/v1/server']));
    server.closeAllConnections();
    server.close();
  });

  it('says when to retry after too many attempts', async () => {
    await using opened = await openBackendsStand();
    const form = { address: stand.line.url, email: 'tried@example.com', password: 'wrong' };
    const answer = await waitUntil('it is too many', async () => {
      const tried = await opened.backends.signIn(form);
      return !tried.ok && tried.problem.code === 'too_many' && tried.problem;
    });
    expect(answer.againInSeconds).toBeGreaterThan(0);
  });

  it('says that a server does not accept new accounts', async () => {
    const dataFolder = await mkdtemp(join(tmpdir(), 'soundlift-closed-'));
    await using closed = await startServerProcess({ dataFolder, environment: { SIGN_UP: 'closed' } });
    await using opened = await openBackendsStand();
    const form = { address: closed.url, email: 'a@example.com', password };
    expect(await opened.backends.createAccount(form)).toEqual({
      ok: false,
      problem: { code: 'closed', host: new URL(closed.url).host },
    });
    await closed.stop();
    await rm(dataFolder, { recursive: true, force: true });
  });
});

describe('an account on a server that mails', () => {
  it('is created, confirmed with the code from the mail, and shows whether batches are mailed', async () => {
    await using opened = await openBackendsStand();
    const { backends } = opened;
    const email = 'berta@example.com';
    const form = { address: mailed.line.url, email, password };
    expect(await backends.createAccount(form)).toEqual({ ok: true, codeMailed: true });
    const status = () => backends.status() as { readonly confirmed?: boolean; readonly mail?: boolean };
    await waitUntil('the account is known', () => status().mail !== undefined);
    expect(status()).toMatchObject({ confirmed: false, mail: true });
    expect(await backends.confirmAddress('0000 0000')).toEqual({ ok: false, problem: { code: 'wrong_code' } });
    expect(await backends.sendCodeAgain()).toMatchObject({ problem: { code: 'too_many' } });
    expect(await backends.confirmAddress(await mailedCode(email))).toEqual({ ok: true });
    expect(status()).toMatchObject({ confirmed: true });
    expect(await backends.setMail(false)).toEqual({ ok: true });
    expect(status()).toMatchObject({ mail: false });
  });

  it('gets a new password with a mailed code, and is signed in with it', async () => {
    await using opened = await openBackendsStand();
    const { backends } = opened;
    const email = 'carla@example.com';
    const { url: address } = mailed.line;
    await backends.createAccount({ address, email, password });
    await backends.confirmAddress(await mailedCode(email));
    await backends.signOut();
    const before = mailServer.mails.length;
    expect(await backends.forgotPassword({ address, email })).toEqual({ ok: true });
    await waitUntil('the mail is there', () => mailServer.mails.length > before);
    const next = { address, email, password: 'another long password' };
    expect(await backends.resetPassword({ ...next, code: '0000 0000' })).toMatchObject({
      problem: { code: 'wrong_code' },
    });
    expect(await backends.resetPassword({ ...next, code: await mailedCode(email) })).toEqual({ ok: true });
    await waitUntil('it is connected', () => backends.current()?.reachable());
    await backends.signOut();
    expect(await backends.signIn({ ...next, password })).toMatchObject({ problem: { code: 'wrong_password' } });
    expect(await backends.signIn(next)).toEqual({ ok: true });
  });
});
