import { mkdtemp, readdir, readFile, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type MediaFolder, openMediaFolder } from '../tests/media/make-media.ts';
import { openRaw } from '../tests/raw-request.ts';
import { type ApiClient, basic, makeAccount, signIn } from '../tests/running/api-client.ts';
import { makeHeldFfmpeg } from '../tests/running/held-ffmpeg.ts';
import { type ServerOptions, type ServerProcess, startServerProcess } from '../tests/running/server-process.ts';
import { openSmallDisk, type SmallDisk } from '../tests/running/small-disk.ts';
import { waitUntil } from '../tests/running/wait-until.ts';
import { uploadHead } from '../tests/upload-form.ts';

const mebibyte = 1024 * 1024;
const tus = { 'tus-resumable': '1.0.0' };
const json = { 'content-type': 'application/json' };

let media: MediaFolder;
let video: string;
beforeAll(async () => {
  media = await openMediaFolder();
  video = await media.make({ container: 'mp4', seconds: 8 });
});
afterAll(() => media[Symbol.asyncDispose]());

let disk: SmallDisk;
let server: ServerProcess;
let client: ApiClient;
const url = (): string => server.url;
beforeEach(async () => {
  // The smallest that works.
  disk = await openSmallDisk(4 * mebibyte);
  await start();
  client = await makeAccount({ url });
});
afterEach(async () => {
  await server.kill();
  await disk[Symbol.asyncDispose]();
});

async function start(options: Partial<ServerOptions> = {}): Promise<void> {
  server = await startServerProcess({ dataFolder: join(disk.path, 'data'), launcher: disk.launcher, ...options });
}

async function post(path: string, body: unknown = {}): Promise<Response> {
  return await client.fetch(path, { method: 'POST', headers: json, body: JSON.stringify(body) });
}

async function statusOf(answering: Promise<Response>): Promise<number> {
  const answer = await answering;
  await answer.body?.cancel();
  return answer.status;
}

const remove = (path: string): Promise<number> => statusOf(client.fetch(path, { method: 'DELETE' }));

async function createUpload(bytes: number): Promise<Response> {
  return await client.fetch('/api/v1/uploads', { method: 'POST', headers: { ...tus, 'upload-length': String(bytes) } });
}

async function expectNothingStored(): Promise<void> {
  for (const name of ['videos', 'mp3s']) expect(await readdir(join(disk.here, 'data', name))).toEqual([]);
  expect(await client.conversions()).toEqual([]);
}

describe('a video that does not fit', () => {
  it('is refused before its form is sent', async () => {
    const connection = await openRaw(url());
    const more = `Content-Length: ${4 * mebibyte}\r\nExpect: 100-continue\r\n`;
    await connection.send(uploadHead(client.token, more));
    await connection.until(/"code":"disk_full"/);
    connection.destroy();
    expect(await connection.closed).toMatch(/^HTTP\/1\.1 507 /);
    await expectNothingStored();
  });

  it('is refused when its resumable upload is created', async () => {
    const answer = await createUpload(4 * mebibyte);
    expect([answer.status, await answer.json()]).toMatchObject([507, { code: 'disk_full' }]);
    await expectNothingStored();
  });

  it('is refused if its form does not say how large it is, and leaves nothing', async () => {
    const form = new FormData();
    form.set('file', new Blob([new Uint8Array(8 * mebibyte)]), 'talk.mp4');
    const { body, headers } = new Response(form);
    const type = { 'content-type': headers.get('content-type') ?? '' };
    const init = { method: 'POST', body, headers: type, duplex: 'half' } as RequestInit;
    expect(await statusOf(client.fetch('/upload', init))).toBe(507);
    await expectNothingStored();
  });
});

describe('on a disk with 0 bytes free, a server', () => {
  it('lets people sign in, change their passwords, and remove everything', async () => {
    const done = await client.ended((await client.upload(video)).id);
    const other = await client.ended((await client.upload(video, 'other.mp4')).id);
    const upload = (await createUpload(100_000)).headers.get('x-conversion-id') ?? '';
    const piece = { ...tus, 'content-type': 'application/offset+octet-stream', 'upload-offset': '0' };
    const init = { method: 'PATCH', headers: piece, body: new Uint8Array(1000) };
    expect(await statusOf(client.fetch(`/api/v1/uploads/${upload}`, init))).toBe(204);
    const { email, password } = client;
    const session = await post('/api/v1/sessions', { email, password });
    const { refreshToken } = z.object({ refreshToken: z.string() }).parse(await session.json());

    await disk.fill();
    expect(await statusOf(createUpload(1))).toBe(507);
    expect(
      await statusOf(fetch(`${url()}/login`, { method: 'POST', headers: { authorization: basic(email, password) } })),
    ).toBe(200);
    expect(await statusOf(post('/api/v1/sessions/refresh', { refreshToken }))).toBe(200);
    await disk.fill();
    const changed = 'another long password';
    expect(await statusOf(post('/api/v1/me/password', { old: password, new: changed }))).toBe(204);
    expect((await client.cancel(upload)).state).toBe('cancelled');
    await disk.fill();
    expect(await remove(`/api/v1/conversions/${done.id}`)).toBe(204);
    expect(await statusOf(post('/api/v1/conversions/clear'))).toBe(204);
    expect(await statusOf(client.fetch(`/api/v1/conversions/${other.id}`))).toBe(404);
    await expectNothingStored();
    await disk.fill();
    const again = await signIn({ url, email, password: changed });
    expect(await statusOf(again.fetch('/api/v1/sessions', { method: 'DELETE' }))).toBe(204);
    const body = JSON.stringify({ password: changed });
    expect(await statusOf(client.fetch('/api/v1/me', { method: 'DELETE', headers: json, body }))).toBe(204);
  });

  it('lets people remove things even after its reserve is used up', async () => {
    const ids: string[] = [];
    for (const name of ['one.mp4', 'two.mp4', 'three.mp4']) ids.push((await client.upload(video, name)).id);
    for (const id of ids) await client.ended(id);
    await truncate(join(disk.here, 'data', 'reserve'), 0);
    await disk.fill();
    // These take what the log of the database has left.
    const signIns = async (): Promise<number> =>
      await statusOf(post('/api/v1/sessions', { email: client.email, password: client.password }));
    await waitUntil('no sign-in fits', async () => (await signIns()) === 507, { everyMilliseconds: 1 });
    const [first = ''] = ids;
    expect(await remove(`/api/v1/conversions/${first}`)).toBe(204);
    await disk.fill();
    expect(await statusOf(post('/api/v1/conversions/clear'))).toBe(204);
    await expectNothingStored();
    expect(await signIns()).toBe(200);
  });

  it('stops without an error, and starts again, even if it has no reserve left', async () => {
    const { id } = await client.upload(video);
    await client.ended(id);
    await truncate(join(disk.here, 'data', 'reserve'), 0);
    await disk.fill();
    await server.stop();
    await start();
    expect(await statusOf(client.fetch(`/api/v1/conversions/${id}`))).toBe(200);
  });

  it('starts, says that it is not ready and why, and is ready again by itself', async () => {
    await server.stop();
    await disk.fill();
    await start();
    const ready = await fetch(`${url()}/readyz`);
    expect([ready.status, await ready.json()]).toMatchObject([
      503,
      { detail: expect.stringContaining('The disk is full') },
    ]);
    expect(await statusOf(fetch(`${url()}/healthz`))).toBe(200);
    await signIn({ url, email: client.email, password: client.password });
    await disk.empty();
    expect(await statusOf(fetch(`${url()}/readyz`))).toBe(200);
  });

  it('keeps conversions that it has accepted, holds nothing of them, and makes their MP3s when there is space', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'soundlift-held-'));
    const held = await makeHeldFfmpeg(folder);
    await server.stop();
    await start({ environment: held.environment });
    await held.hold();
    const ids: string[] = [];
    for (const name of ['one.mp4', 'two.mp4', 'three.mp4']) ids.push((await client.upload(video, name)).id);
    const [first = ''] = ids;
    await client.until(first, ({ progress }) => progress > 0);
    await disk.fill();
    await waitUntil('the conversions wait', async () => {
      const states = (await client.conversions()).map(({ state }) => state);
      return states.every((state) => state === 'queued') && states.length === ids.length;
    });
    const data = join(disk.here, 'data');
    expect([await readdir(join(data, 'mp3s')), await readdir(join(data, 'work'))]).toEqual([[], []]);
    await held.release();
    await disk.empty();
    for (const id of ids) expect(await client.ended(id)).toMatchObject({ state: 'done', attempt: 1 });
    await rm(folder, { recursive: true });
  });

  it('goes on if its log is on that disk', async () => {
    await server.stop();
    const log = join(disk.path, 'log');
    const launcher = [...disk.launcher, 'sh', '-c', 'exec "$@" 2>>"$0"', log];
    await start({ launcher, environment: { LOG_LEVEL: 'info' } });
    await disk.fill();
    for (let count = 0; count < 60; count += 1) expect(await statusOf(client.fetch('/api/v1/me'))).toBe(200);
    await disk.fill();
    for (let count = 0; count < 60; count += 1) expect(await statusOf(client.fetch('/api/v1/me'))).toBe(200);
    await disk.empty();
    await waitUntil('the log goes on', async () => {
      await statusOf(client.fetch('/api/v1/me/nothing'));
      return (await readFile(join(disk.here, 'log'), 'utf8')).includes('/api/v1/me/nothing');
    });
  });
});
