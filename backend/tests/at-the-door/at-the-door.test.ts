import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { conversionSchema, problemSchema } from '../../../shared/api.ts';
import { openRaw, sendRaw } from '../raw-request.ts';
import { type ApiClient, makeAccount } from '../running/api-client.ts';
import { peakMemoryBytes } from '../running/processes.ts';
import { type ServerProcess, startServerProcess } from '../running/server-process.ts';
import { waitUntil } from '../running/wait-until.ts';
import { badBodies, badNames } from './bad-bodies.ts';
import { badFraming, badOrigins } from './bad-framing.ts';
import { form, formType, json, mebibyte, request, type Sender, signedIn } from './bad-request.ts';
import { badUploads, creation, metadata } from './bad-uploads.ts';

const tables = {
  'a body': badBodies,
  'a name': badNames,
  'an upload': badUploads,
  'a request': badFraming,
  'an origin': badOrigins,
};
const all = Object.values(tables).flat();

let folder: string;
let server: ServerProcess;
let client: ApiClient;
let sender: Sender;
let filesBefore: readonly string[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'soundlift-door-'));
  server = await startServerProcess({
    dataFolder: join(folder, 'data'),
    environment: { MEMORY_FACTS_FILE: join(folder, 'memory') },
    nodeFlags: ['--expose-gc', '--import', join(import.meta.dirname, 'keep-memory-facts.ts')],
  });
  client = await makeAccount({ url: () => server.url });
  sender = { token: client.token, host: new URL(server.url).host };
  filesBefore = await filesOf(folder);
});
afterAll(async () => {
  await server.kill();
  await rm(folder, { recursive: true });
});

/** All paths below a folder, relative to it. */
async function filesOf(path: string): Promise<readonly string[]> {
  const names = await readdir(path, { recursive: true });
  // The work folder itself stays; conversions run in it.
  return names.filter((name) => name !== 'memory' && name !== join('data', 'work')).toSorted();
}

/** Expects no row, no video and no other file, inside or outside of the data folder. */
async function expectNothingLeft(): Promise<void> {
  expect(await client.conversions()).toEqual([]);
  await expect.poll(() => filesOf(folder)).toEqual(filesBefore);
}

function statusesOf(text: string): readonly number[] {
  return [...text.matchAll(/^HTTP\/1\.1 (\d{3}) /gm)].map(([, status]) => Number(status));
}

describe.each(Object.entries(tables))('bad requests, %s:', (_kind, table) => {
  it.each(table.map((bad) => [bad.what, bad.statuses.join(', '), bad] as const))(
    '%s: %s',
    async (_what, _statuses, { bytes, statuses }) => {
      const text = await sendRaw(server.url, bytes(sender));
      expect(statusesOf(text)).toEqual(statuses);
      const refusal = text.split(/(?=^HTTP\/1\.1 4)/m).find((answer) => answer.startsWith('HTTP/1.1 4'));
      if (refusal === undefined) return;
      const [head = '', body = ''] = refusal.split('\r\n\r\n', 2);
      expect(head).toMatch(/^content-type: application\/problem\+json$/im);
      const problem = problemSchema.parse(JSON.parse(body));
      expect([problem.status]).toEqual(statuses.slice(-1));
      expect(problem.detail).toMatch(/^\S.*\.$/);
      expect(body).not.toMatch(/node_modules|\.ts:|\bat \w+ \(/);
    },
  );

  it('leaves nothing behind', () => expectNothingLeft());
});

/** The file name that is sent, and the one that is kept. */
const fileNames: readonly (readonly [string, string, unknown])[] = [
  ['with ../', '../../../../etc/passwd', 'passwd'],
  ['with ..\\', '..\\..\\windows\\win.ini', 'win.ini'],
  ['that is an absolute path', '/etc/cron.d/job.mp4', 'job.mp4'],
  ['with NUL', 'talk.mp4\0.exe', 'talk.mp4.exe'],
  ['of 300 letters', `${'x'.repeat(300)}.mp4`, `${'x'.repeat(251)}.mp4`],
  ['of a thousand letters of three bytes', `${'語'.repeat(1000)}.mp4`, `${'語'.repeat(83)}.mp4`],
  ['of dots only', '..', expect.stringMatching(/^[^./\\]+/)],
];

describe('a file name', () => {
  it.each(fileNames)('%s never becomes a path', async (_what, sent, kept) => {
    const filename = sent.replaceAll('\\', '\\\\');
    const bytes = signedIn('POST /upload', formType, form(`name="file"; filename="${filename}"`))(sender);
    const text = await sendRaw(server.url, bytes);
    expect(statusesOf(text)).toEqual([200]);
    const body = Buffer.from(text.split('\r\n\r\n', 2)[1] ?? '', 'latin1').toString();
    const { id, fileName } = conversionSchema.parse(JSON.parse(body));
    expect(fileName).toEqual(kept);
    await client.ended(id);
    await expectGone(id);
  });

  it.each(fileNames)('%s never becomes a path in a resumable upload either', async (_what, sent, kept) => {
    const headers = ['Upload-Length: 5', metadata({ filename: sent })];
    const text = await sendRaw(server.url, creation(headers)(sender));
    expect(statusesOf(text)).toEqual([201]);
    const [, id = ''] = /^X-Conversion-Id: (\S+)/im.exec(text) ?? [];
    expect((await client.get(id)).fileName).toEqual(kept);
    await expectGone(id);
  });

  async function expectGone(id: string): Promise<void> {
    expect((await client.fetch(`/api/v1/conversions/${id}`, { method: 'DELETE' })).status).toBe(204);
    await expectNothingLeft();
  }
});

describe.concurrent('a slow client', () => {
  it('that sends its headers slowly gets 408', async () => {
    const connection = await openRaw(server.url);
    const dripping = drip(
      connection.send,
      `GET /healthz HTTP/1.1\r\nHost: ${sender.host}\r\nX-Slow: ${'x'.repeat(1000)}`,
      500,
    );
    expect(statusesOf(await connection.closed)).toEqual([408]);
    await dripping;
  });

  it('that stops within a JSON body gets 408', async () => {
    const connection = await openRaw(server.url);
    await connection.send(json('POST /api/v1/notifications/read', '{"ids":[]}')(sender).subarray(0, -5));
    expect(statusesOf(await connection.until(/request_timeout/))).toEqual([408]);
    connection.destroy();
  });

  it('can still send a whole upload, for longer than headers may take', async () => {
    const contents = 'x'.repeat(60);
    const bytes = signedIn('POST /upload', formType, form('name="file"; filename="slow.mp4"', contents))(sender);
    const connection = await openRaw(server.url);
    const whole = bytes.toString('latin1');
    const begin = whole.indexOf(contents);
    await connection.send(whole.slice(0, begin));
    await drip(connection.send, contents, 400);
    await connection.send(whole.slice(begin + contents.length));
    const text = await connection.closed;
    expect(statusesOf(text)).toEqual([200]);
    const { id, sourceBytes } = conversionSchema.parse(JSON.parse(text.split('\r\n\r\n', 2)[1] ?? ''));
    expect(sourceBytes).toBe(60);
    await client.fetch(`/api/v1/conversions/${id}`, { method: 'DELETE' });
  });
});

it('slow clients leave nothing behind', () => expectNothingLeft());

/** Sends one character at a time, until the connection ends. */
async function drip(send: (bytes: string) => Promise<void>, text: string, everyMilliseconds: number): Promise<void> {
  for (const letter of text) {
    const isSent = await send(letter).then(
      () => true,
      () => false,
    );
    if (!isSent) return;
    await delay(everyMilliseconds);
  }
}

describe('a server after all of this', () => {
  /** Bytes in use after garbage collection: of the heap and of buffers. */
  async function usedBytes(): Promise<number> {
    const file = join(folder, 'memory');
    await rm(file, { force: true });
    process.kill(server.pid, 'SIGUSR2');
    return await waitUntil(
      'the server has reported its memory',
      async () => Number(await readFile(file, 'utf8').catch(() => '')) || undefined,
    );
  }
  const handles = async (): Promise<number> => (await readdir(`/proc/${server.pid}/fd`)).length;

  it('uses no more memory and no more handles after 20 more rounds', async () => {
    const round = async (): Promise<void> => {
      await Promise.all(all.map(({ bytes }) => sendRaw(server.url, bytes(sender))));
    };
    // After this, everything that is created only once exists.
    await round();
    const [bytes, open] = [await usedBytes(), await handles()];
    for (let done = 0; done < 20; done += 1) await round();
    // Each round sends more than 15 MB. Keeping a tenth of it would add 30 MB.
    expect((await usedBytes()) - bytes).toBeLessThan(5 * mebibyte);
    await expect.poll(handles).toBeLessThanOrEqual(open);
    console.log(`at most ${Math.round((await peakMemoryBytes(server.pid)) / 1e6)} MB`);
    expect(await peakMemoryBytes(server.pid)).toBeLessThan(400 * mebibyte);
    await expectNothingLeft();
  });

  it('still answers', async () => {
    expect(statusesOf(await sendRaw(server.url, request('GET /readyz')(sender)))).toEqual([200]);
    await server.stop();
  });
});
