import { pino } from 'pino';
import { expect, it } from 'vitest';
import { AppError } from '../../../shared/errors.ts';
import { createSmtpMailer } from '../../adapters/smtp-mailer.ts';
import { createAuthApp } from '../../auth/auth-app.ts';
import type { Authentication } from '../../http/authentication.ts';
import { startServer } from '../../http/server.ts';
import { systemClock } from '../../ports/clock.ts';
import { makeAccount } from '../running/api-client.ts';
import { waitUntil } from '../running/wait-until.ts';
import { makeTestAuth } from '../test-auth.ts';
import { makeMailedAccount } from './mailed-account.ts';
import { mailMark, setUpMailingServer } from './mailing-server.ts';

const stand = setUpMailingServer();
const { batchMails } = stand;

/** Runs auth as a separate service over HTTP and returns its address. */
async function startAuth(change: (real: Authentication) => Partial<Authentication> = () => ({})): Promise<string> {
  const log = pino({ level: 'silent' });
  const mailer = createSmtpMailer({ url: stand.mailServer.url, from: 'Soundlift <no-reply@sound.example.org>' });
  stand.opened.defer(() => mailer.close());
  const mail = { mailer, host: 'sound.example.org' };
  const { auth } = stand.opened.use(await makeTestAuth({ clock: systemClock, mail }));
  const app = createAuthApp({ authentication: { ...auth, ...change(auth) }, loopback: true, log });
  const server = await startServer(app, { host: '127.0.0.1', port: 0, log, graceSeconds: 0.5 });
  stand.opened.defer(() => server.close());
  return server.url;
}

it('with a separate auth, owners with a confirmed address get a mail, and others do not', async () => {
  const server = await stand.start({ AUTH_URL: await startAuth() });
  const unconfirmed = await makeAccount({ url: () => server.url });
  const account = await makeMailedAccount({ url: () => server.url }, stand.mailServer);
  await unconfirmed.ended((await unconfirmed.upload(stand.video)).id);
  const { id } = await account.upload(stand.video, 'talk.mp4');
  expect(await mailMark(account)).toBe('sent');
  expect(batchMails().map(({ to, parsed }) => [to, parsed.subject])).toEqual([[[account.email], 'talk.mp3 is ready']]);
  expect(batchMails()[0]?.parsed.text).toContain(id);
  await server.stop();
});

it('while auth is unavailable a mail waits, but its notification does not', async () => {
  let asked = 0;
  let isAway = true;
  const authUrl = await startAuth((real) => ({
    async mailAddress(accountId) {
      asked += 1;
      if (isAway) throw new AppError('unavailable', 'The store cannot be reached.');
      return await real.mailAddress(accountId);
    },
  }));
  let server = await stand.start({ AUTH_URL: authUrl });
  const account = await makeMailedAccount({ url: () => server.url }, stand.mailServer);
  await account.upload(stand.video);
  await waitUntil('auth was asked for the address', () => asked > 0);
  await waitUntil('the notification exists', async () => (await account.notifications()).length > 0);
  await server.stop();
  expect(batchMails()).toEqual([]);
  isAway = false;
  server = await stand.start({ AUTH_URL: authUrl });
  expect(await mailMark(account)).toBe('sent');
  expect(batchMails().map(({ to }) => to)).toEqual([[account.email]]);
  await server.stop();
});
