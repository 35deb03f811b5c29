import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { serverInfoSchema } from '../../../shared/api.ts';
import { type ApiClient, makeAccount } from '../running/api-client.ts';
import type { ReceivedMail } from '../running/mail-server.ts';
import { type ServerProcess, spawnServer } from '../running/server-process.ts';
import { waitUntil } from '../running/wait-until.ts';
import { makeMailedAccount } from './mailed-account.ts';
import { mailMark, publicUrl, setUpMailingServer } from './mailing-server.ts';

const stand = setUpMailingServer();
const { batchMails } = stand;

async function saysMail(server: ServerProcess): Promise<boolean> {
  return serverInfoSchema.parse(await (await fetch(`${server.url}/api/v1/server`)).json()).mail;
}

it('an uploaded video leads to a mail in text and HTML, with a command that downloads the MP3', async () => {
  const server = await stand.start();
  expect(await saysMail(server)).toBe(true);
  const account = await makeMailedAccount({ url: () => server.url }, stand.mailServer);
  const { id } = await account.upload(stand.video, 'a <b>&talk<i>.mp4');
  expect(await mailMark(account)).toBe('sent');
  const [mail, ...others] = batchMails();
  expect(others).toEqual([]);
  expect(mail?.to).toEqual([account.email]);
  expect(mail?.from).toBe('no-reply@sound.example.org');
  const { subject, text = '', html, messageId } = mail?.parsed ?? {};
  expect(subject).toBe('a <b>&talk<i>.mp3 is ready');
  expect(messageId).toMatch(/^<[^@\s]+@sound\.example\.org>$/);
  expect(text).toContain(id);
  expect(html).toContain('a &lt;b&gt;&amp;talk&lt;i&gt;.mp3');
  expect(html).toContain(`href="${publicUrl}/open/b/${id}"`);
  // The command in the mail works.
  const fetched = await account.fetch(`/download?fid=${id}`);
  expect([fetched.status, fetched.headers.get('content-type')]).toEqual([200, 'audio/mpeg']);
  await fetched.body?.cancel();
  expect((await fetch(`${server.url}/open/b/${id}`)).status).toBe(200);
  await server.stop();
});

it('without SMTP_URL no mail is sent, and the server says so', async () => {
  const server = await stand.start({ SMTP_URL: '' });
  expect(await saysMail(server)).toBe(false);
  const account = await makeAccount({ url: () => server.url });
  await account.ended((await account.upload(stand.video)).id);
  const [told] = await waitUntil('there is a notification', async () => {
    const all = await account.notifications();
    return all.length > 0 && all;
  });
  expect(told).not.toHaveProperty('mail');
  expect(stand.mailServer.connections).toBe(0);
  await server.stop();
});

it('an owner without a confirmed address, or with mail off, gets no mail', async () => {
  const server = await stand.start();
  const unconfirmed = await makeAccount({ url: () => server.url });
  const off = await makeMailedAccount({ url: () => server.url }, stand.mailServer);
  await off.fetch('/api/v1/me', {
    method: 'PATCH',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ mail: false }),
  });
  const on = await makeMailedAccount({ url: () => server.url }, stand.mailServer);
  for (const account of [unconfirmed, off, on]) await account.ended((await account.upload(stand.video)).id);
  // Mails are sent in the order of the ends, so the others' would have come first.
  expect(await mailMark(on)).toBe('sent');
  expect(batchMails().map(({ to }) => to)).toEqual([[on.email]]);
  await server.stop();
});

describe('kill -9 of the server', () => {
  /** Uploads a video, lets the server die before that step, and starts it again. */
  async function dieAt(step: RegExp): Promise<ApiClient> {
    const stepLog = join(stand.dataFolder, 'steps');
    const first = await stand.start();
    let server = first;
    const account = await makeMailedAccount({ url: () => server.url }, stand.mailServer);
    await first.stop();
    const doomed = spawnServer({
      dataFolder: stand.dataFolder,
      nodeFlags: ['--import', import.meta.resolve('../stress/die-at-step.ts')],
      environment: {
        SMTP_URL: stand.mailServer.url,
        PUBLIC_URL: publicUrl,
        DIE_AT_STEP: step.source,
        STEP_LOG: stepLog,
      },
    });
    stand.opened.defer(() => doomed.kill());
    server = await doomed.listening;
    await account.upload(stand.video);
    await waitUntil('the server has ended', () => doomed.ended() !== undefined);
    expect(doomed.ended()).toBe('SIGKILL');
    const steps = (await readFile(stepLog, 'utf8')).trimEnd().split('\n');
    // Not always the last: the server's other thread may log one more before it dies too.
    expect(steps.filter((taken) => step.test(taken))).toHaveLength(1);
    server = await stand.start();
    return account;
  }

  /** The mails of a conversion that has exactly one notification. */
  async function expectOneEffect(account: ApiClient): Promise<readonly ReceivedMail[]> {
    expect(await mailMark(account)).toBe('sent');
    const [conversion, ...others] = await account.conversions();
    expect(others).toEqual([]);
    expect(conversion).toMatchObject({ state: 'done', attempt: 1 });
    expect((await account.notifications()).map(({ conversionIds }) => conversionIds)).toEqual([[conversion?.id]]);
    expect(new Set(batchMails().map(({ parsed }) => parsed.messageId)).size).toBe(1);
    return batchMails();
  }

  it('between the mail and its record repeats the mail with the same Message-ID', async () => {
    const account = await dieAt(/statement\.run sent /);
    expect(batchMails()).toHaveLength(1);
    expect(await expectOneEffect(account)).toHaveLength(2);
  });

  it('between the record of a try and the mail sends one mail', async () => {
    // Matches the time when another process may take over. The number of tries is not a text.
    const account = await dieAt(/statement\.run 20\d\d-\S+Z [\w-]{32}$/);
    expect(batchMails()).toHaveLength(0);
    expect(await expectOneEffect(account)).toHaveLength(1);
  });

  it('between the MP3 and its notification leads to one MP3 and one mail', async () => {
    const account = await dieAt(/statement\.run [\w-]{32} [0-9a-f-]{36} /);
    expect(batchMails()).toHaveLength(0);
    expect(await expectOneEffect(account)).toHaveLength(1);
  });
});

it('the mail contains only what clients get too', async () => {
  const server = await stand.start();
  const account = await makeMailedAccount({ url: () => server.url }, stand.mailServer);
  await account.upload(await stand.media.makeBroken('text'), 'notes.mp4');
  expect(await mailMark(account)).toBe('sent');
  const { text, html } = batchMails()[0]?.parsed ?? {};
  expect(text).toContain("This isn't a video or audio file.");
  expect(z.string().parse(html)).toContain('notes.mp4');
  for (const part of [text, html]) expect(part).not.toContain(stand.dataFolder);
  await server.stop();
});
