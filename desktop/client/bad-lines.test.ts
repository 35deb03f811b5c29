import { randomBytes } from 'node:crypto';
import { mkdtemp, open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Duplex } from 'node:stream';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type MediaFolder, openMediaFolder } from '../../backend/tests/media/make-media.ts';
import { openServerStand, type ServerStand } from '../../backend/tests/running/server-stand.ts';
import { settledOffset } from '../../backend/tests/running/settled-offset.ts';
import { waitUntil } from '../../backend/tests/running/wait-until.ts';
import type { ServerEvent } from '../../shared/events.ts';
import type { BegunUpload, SourceFile } from './backend.ts';
import { runConversions } from './convert-run.ts';
import { createRemoteBackend, type RemoteBackend } from './remote-backend.ts';
import { createServerHttp } from './server-http.ts';
import { keepInMemory, openServerSession, signIn } from './server-session.ts';

const options = { format: 'mp3' } as const;
const never = new AbortController().signal;
const kilobyte = 1000;
const megabyte = 1_000_000;

/** The next connections break after this many bytes from the client. */
let resetAfter = Infinity;
const running = new AsyncDisposableStack();
let media: MediaFolder;
let stand: ServerStand;
let backend: RemoteBackend;
let folder: string;

beforeAll(async () => {
  media = running.use(await openMediaFolder());
  const line = { bytesPerSecond: 10 * megabyte, resetAfterBytes: () => resetAfter };
  stand = running.use(await openServerStand({ environment: { MAX_UPLOAD_BYTES: String(5e9) }, line }));
  backend = createRemoteBackend(await stand.signedIn());
  running.defer(() => backend.close());
});
afterAll(() => running.disposeAsync());
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'soundlift-lines-'));
});
afterEach(async () => {
  resetAfter = Infinity;
  stand.line.down = false;
  stand.line.release();
  await rm(folder, { recursive: true, force: true });
});

/** Each new connection breaks after this many bytes. */
function breakAfter(bytes: number): void {
  resetAfter = bytes;
  // Open connections were made under the old rule, so they are closed.
  stand.line.cut();
}

function takeLineDown(): void {
  stand.line.down = true;
  stand.line.cut();
}

/** A video, followed by padding up to `bytes`. */
async function padded(bytes: number): Promise<SourceFile> {
  const file = path.join(folder, 'talk.wav');
  const video = await readFile(await media.make({ container: 'wav', seconds: 2 }));
  await writeFile(file, Buffer.concat([video, randomBytes(bytes - video.byteLength)]));
  return { path: file, fileName: 'talk.wav', bytes };
}

async function untilDone(id: string): Promise<void> {
  expect(await stand.account.ended(id)).toMatchObject({ state: 'done' });
}

describe('an upload', () => {
  it('resumes where it broke off, again and again', async () => {
    const file = await padded(2 * megabyte);
    const before = stand.line.sentBytes;
    breakAfter(500 * kilobyte);
    const { id } = await backend.submit({ file, options }, never);
    expect(stand.line.sentBytes - before).toBeLessThan(1.5 * file.bytes);
    await untilDone(id);
  });

  it('resumes on a server that was killed and restarted', async () => {
    const file = await padded(8 * megabyte);
    const held = stand.line.sentBytes + 3 * megabyte;
    stand.line.hold(3 * megabyte);
    const submitting = backend.submit({ file, options }, never);
    await waitUntil('some of it was sent', () => stand.line.sentBytes >= held);
    await stand.server().kill();
    stand.line.release();
    await stand.startAgain();
    const { id } = await submitting;
    await untilDone(id);
    expect((await stand.account.conversions()).filter(({ state }) => state === 'uploading')).toEqual([]);
  });

  it('reports its progress', async () => {
    const told: number[] = [];
    await backend.submit({ file: await padded(2 * megabyte), options, onSent: (sent) => void told.push(sent) }, never);
    expect(told.length).toBeGreaterThan(4);
    expect(told.every((one, index) => one >= (told[index - 1] ?? 0))).toBe(true);
    expect(told.at(-1)).toBe(1);
  });

  it('that is stopped can resume later without sending the same bytes again', async () => {
    const file = await padded(6 * megabyte);
    const before = stand.line.sentBytes;
    const stop = new AbortController();
    let begun: string | undefined;
    let upload: BegunUpload | undefined;
    const onBegun = (id: string): void => void (begun = id);
    const onUpload = (one: BegunUpload): void => void (upload = one);
    const onSent = (fraction: number): void => (fraction > 0.5 ? stop.abort(new Error('held')) : undefined);
    const held = backend.submit({ file, options, onSent, resumable: { onUpload, onBegun } }, stop.signal);
    await expect(held).rejects.toThrow('held');
    const id = begun ?? '';
    expect(await settledOffset(stand.account, id)).toBeGreaterThan(file.bytes / 4);
    const first: number[] = [];
    if (upload === undefined) return expect.unreachable();
    const again = {
      file,
      options,
      resumable: { id, upload, onBegun },
      onSent: (sent: number) => void first.push(sent),
    };
    expect((await backend.submit(again, never)).id).toBe(id);
    expect(first[0]).toBeGreaterThan(0.2);
    expect(stand.line.sentBytes - before).toBeLessThan(1.5 * file.bytes);
    await untilDone(id);
  });

  it('of 10 GB is refused before the first byte by a server that accepts 5 GB', async () => {
    const file = path.join(folder, 'film.mp4');
    await using handle = await open(file, 'w');
    await handle.truncate(10e9);
    const before = stand.line.sentBytes;
    const submitting = backend.submit({ file: { path: file, fileName: 'film.mp4', bytes: 10e9 }, options }, never);
    const { host } = new URL(stand.line.url);
    await expect(submitting).rejects.toMatchObject({
      code: 'too_large',
      // The server's own refusal of a started upload has a different message.
      message: `Larger than the 5 GB that ${host} accepts.`,
      details: { limitBytes: 5e9 },
    });
    expect(stand.line.sentBytes - before).toBeLessThan(2 * kilobyte);
    expect((await stat(file)).size).toBe(10e9);
  });

  it('is removed when it is stopped', async () => {
    const before = (await stand.account.conversions()).map(({ id }) => id);
    const stop = new AbortController();
    const onSent = (fraction: number): void => (fraction > 0.3 ? stop.abort(new Error('enough')) : undefined);
    const submitting = backend.submit({ file: await padded(4 * megabyte), options, onSent }, stop.signal);
    await expect(submitting).rejects.toThrow('enough');
    expect((await stand.account.conversions()).map(({ id }) => id)).toEqual(before);
  });
});

describe('a download', () => {
  it('resumes where it broke off', async () => {
    const { id } = await backend.submit(
      {
        file: await fileOf(await media.make({ container: 'mp4', seconds: 60 })),
        options: { ...options, bitrateKbps: 320 },
      },
      never,
    );
    await untilDone(id);
    const whole = await stand.account.download(id);
    const { chunks } = await backend.openResult(id, never);
    const pieces: Uint8Array[] = [];
    for await (const chunk of chunks) {
      pieces.push(chunk);
      if (pieces.length === 2 || pieces.length === 6) stand.line.cut();
    }
    expect(Buffer.concat(pieces).equals(whole)).toBe(true);
  });
});

describe('a connection', () => {
  it('that is down is reported with the name of the server', async () => {
    takeLineDown();
    await expect(backend.cancel('x')).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining(new URL(stand.line.url).host) as string,
    });
  });

  it('that was down for a while loses no events', async () => {
    const heard: ServerEvent[] = [];
    const unfollow = backend.follow((event) => void heard.push(event));
    const first = await backend.submit({ file: await padded(500 * kilobyte), options }, never);
    const has = (id: string, state: string) =>
      heard.some((one) => one.type === 'conversion' && one.conversion.id === id && one.conversion.state === state);
    await waitUntil('an event about the first', () => has(first.id, 'done'));
    takeLineDown();
    const second = await stand.account.upload((await padded(500 * kilobyte)).path);
    await untilDone(second.id);
    await stand.account.fetch(`/api/v1/conversions/${first.id}`, { method: 'DELETE' });
    stand.line.down = false;
    await waitUntil('an event about the second', () => has(second.id, 'done'));
    await waitUntil('the event that the first was removed', () =>
      heard.some((one) => one.type === 'removed' && one.ids.includes(first.id)),
    );
    unfollow();
  });

  it.each(['swallows', 'refuses'] as const)('that %s WebSockets still carries a conversion', async (how) => {
    await using proxy = await openSocketEater(stand.server().url, how);
    const http = createServerHttp(proxy.url);
    const keeper = keepInMemory();
    await signIn(http, stand.account, keeper);
    const eaten = createRemoteBackend(openServerSession(http, keeper));
    const file = await padded(500 * kilobyte);
    const events: string[] = [];
    const summary = await runConversions(
      {
        backend: eaten,
        sources: [{ ...file, identity: undefined, subfolder: '' }],
        options,
        overwrite: false,
        forgetEnded: false,
        atOnce: 1,
        onEvent: ({ type }) => void events.push(type),
        onProgress: () => undefined,
        onDefect: (error) => expect.unreachable(String(error)),
      },
      never,
    );
    await eaten.close();
    expect(summary).toEqual({ saved: 1, failed: 0 });
    expect(events.at(-1)).toBe('saved');
    expect(proxy.eaten).toBeGreaterThan(0);
  });
});

async function fileOf(file: string): Promise<SourceFile> {
  return { path: file, fileName: path.basename(file), bytes: (await stat(file)).size };
}

/** A proxy that forwards HTTP but no WebSocket. */
async function openSocketEater(target: string, how: 'swallows' | 'refuses') {
  const eaten = new Set<Duplex>();
  const proxy = createServer((incoming, outgoing) => {
    const { method, url, headers } = incoming;
    const upstream = request(`${target}${url}`, { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(outgoing);
    });
    upstream.on('error', () => outgoing.destroy());
    incoming.pipe(upstream);
  });
  proxy.on('upgrade', (_request, socket) => {
    eaten.add(socket);
    socket.on('error', () => undefined);
    if (how === 'refuses') socket.end('HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n');
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const { port } = proxy.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    get eaten() {
      return eaten.size;
    },
    async [Symbol.asyncDispose]() {
      proxy.closeAllConnections();
      for (const socket of eaten) socket.destroy();
      await new Promise((resolve) => proxy.close(resolve));
    },
  };
}
