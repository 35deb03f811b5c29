import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { type MediaFolder, openMediaFolder } from '../media/make-media.ts';
import type { ApiClient } from '../running/api-client.ts';
import { type MailServer, type ReceivedMail, startMailServer } from '../running/mail-server.ts';
import { type ServerProcess, startServerProcess } from '../running/server-process.ts';
import { waitUntil } from '../running/wait-until.ts';

export const publicUrl = 'https://sound.example.org';

/** A server in its own process and the mail server that it sends to, both new for each test of a file. */
export interface MailingServer {
  readonly media: MediaFolder;
  /** Path of a video of a few seconds. */
  readonly video: string;
  readonly dataFolder: string;
  readonly mailServer: MailServer;
  /** Disposed of after the test. */
  readonly opened: AsyncDisposableStack;
  start(environment?: Readonly<Record<string, string>>): Promise<ServerProcess>;
  /** The mails about batches, without those with codes. */
  batchMails(): readonly ReceivedMail[];
}

/** Sets it up with hooks of vitest. Must be called at the top of a test file. */
export function setUpMailingServer(): MailingServer {
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

  return {
    get media() {
      return media;
    },
    get video() {
      return video;
    },
    get dataFolder() {
      return dataFolder;
    },
    get mailServer() {
      return mailServer;
    },
    get opened() {
      return opened;
    },
    async start(environment = {}) {
      const all = { SMTP_URL: mailServer.url, PUBLIC_URL: publicUrl, ...environment };
      return opened.use(await startServerProcess({ dataFolder, environment: all }));
    },
    batchMails: () => mailServer.mails.filter(({ parsed }) => !parsed.subject?.includes('code')),
  };
}

/** The outcome of the mail of the account's newest notification. */
export async function mailMark(account: ApiClient): Promise<string> {
  return await waitUntil('the mail has an outcome', async () => (await account.notifications())[0]?.mail);
}
