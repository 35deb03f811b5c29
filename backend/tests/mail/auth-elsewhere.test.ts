import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { AppError } from '../../../shared/errors.ts';
import { createSmtpMailer } from '../../adapters/smtp-mailer.ts';
import { createAuthApp } from '../../auth/auth-app.ts';
import type { Authentication } from '../../http/authentication.ts';
import { startServer } from '../../http/server.ts';
import { systemClock } from '../../ports/clock.ts';
import { type MediaFolder, openMediaFolder } from '../media/make-media.ts';
import { type ApiClient, makeAccount } from '../running/api-client.ts';
import { type MailServer, type ReceivedMail, startMailServer } from '../running/mail-server.ts';
import { type ServerProcess, startServerProcess } from '../running/server-process.ts';
import { waitUntil } from '../running/wait-until.ts';
import { makeTestAuth } from '../test-auth.ts';
import { makeMailedAccount } from './mailed-account.ts';

let media: MediaFolder;
let video: string;
beforeAll(async () => {
  media = await openMediaFolder();
  video = await media.make({ container: 'mp4', seconds: 3 });
});
afterAll(() => media[Symbol.asyncDispose]());

let opened: AsyncDisposableStack;
let dataFolder: string;
let mailServer: MailServer;
beforeEach(async () => {
  opened = new AsyncDisposableStack();
  dataFolder = await mkdtemp(join(tmpdir(), 'soundlift-mail-'));
  opened.defer(() => rm(dataFolder, { recursive: true, force: true }));
  mailServer = opened.use(await startMailServer());
});
afterEach(() => opened.disposeAsync());

/** Runs auth as a separate service over HTTP and returns its address. */
async function startAuth(change: (real: Authentication) => Partial<Authentication> = () => ({})): Promise<string> {
  const log = pino({ level: 'silent' });
  const mailer = createSmtpMailer({ url: mailServer.url, from: 'Soundlift <no-reply@sound.example.org>' });
  opened.defer(() => mailer.close());
  const mail = { mailer, host: 'sound.example.org' };
  const { auth } = opened.use(await makeTestAuth({ clock: systemClock, mail }));
  const app = createAuthApp({ authentication: { ...auth, ...change(auth) }, log });
  const server = await startServer(app, { host: '127.0.0.1', port: 0, log, graceSeconds: 0.5 });
  opened.defer(() => server.close());
  return server.url;
}

async function startBackend(authUrl: string): Promise<ServerProcess> {
  const environment = { AUTH_URL: authUrl, SMTP_URL: mailServer.url, PUBLIC_URL: 'https://sound.example.org' };
  return opened.use(await startServerProcess({ dataFolder, environment }));
}

/** The mails about batches, without those with codes. */
const batchMails = (): readonly ReceivedMail[] =>
  mailServer.mails.filter(({ parsed }) => !parsed.subject?.includes('code'));

async function mailMark(account: ApiClient): Promise<string> {
  return await waitUntil('the mail has an outcome', async () => (await account.notifications())[0]?.mail);
}

it('with a separate auth, owners with a confirmed address get a mail, and others do not', async () => {
  const server = await startBackend(await startAuth());
  const unconfirmed = await makeAccount({ url: () => server.url });
  const account = await makeMailedAccount({ url: () => server.url }, mailServer);
  await unconfirmed.ended((await unconfirmed.upload(video)).id);
  const { id } = await account.upload(video, 'talk.mp4');
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
  let server = await startBackend(authUrl);
  const account = await makeMailedAccount({ url: () => server.url }, mailServer);
  await account.upload(video);
  await waitUntil('auth was asked for the address', () => asked > 0);
  await waitUntil('the notification exists', async () => (await account.notifications()).length > 0);
  await server.stop();
  expect(batchMails()).toEqual([]);
  isAway = false;
  server = await startBackend(authUrl);
  expect(await mailMark(account)).toBe('sent');
  expect(batchMails().map(({ to }) => to)).toEqual([[account.email]]);
  await server.stop();
});
