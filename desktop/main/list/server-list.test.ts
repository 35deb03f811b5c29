import { randomBytes } from 'node:crypto';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type MediaFolder, openMediaFolder } from '../../../backend/tests/media/make-media.ts';
import { type HeldFfmpeg, makeHeldFfmpeg } from '../../../backend/tests/running/held-ffmpeg.ts';
import { openServerStand, type ServerStand } from '../../../backend/tests/running/server-stand.ts';
import { settledOffset } from '../../../backend/tests/running/settled-offset.ts';
import { waitUntil } from '../../../backend/tests/running/wait-until.ts';
import { type ListStand, openListStand } from '../../tests/list-stand.ts';
import { openServerBackend, type ServerBackend } from '../../tests/server-backend.ts';

const megabyte = 1_000_000;
const bytes = 3 * megabyte;

const running = new AsyncDisposableStack();
let media: MediaFolder;
let ffmpeg: HeldFfmpeg;
let server: ServerStand;
let backend: ServerBackend;
let stand: ListStand;

beforeAll(async () => {
  media = running.use(await openMediaFolder());
  ffmpeg = await makeHeldFfmpeg(media.path);
  server = running.use(await openServerStand({ environment: ffmpeg.environment }));
});
afterAll(() => running.disposeAsync());
beforeEach(async () => {
  server.line.down = false;
  server.line.release();
  await ffmpeg.release();
  backend = openServerBackend(server);
  await backend.signIn();
  stand = await openListStand({ others: backend, current: backend.key });
});
afterEach(async () => {
  await stand[Symbol.asyncDispose]();
  await backend[Symbol.asyncDispose]();
});

/** A video, followed by bytes that no reader needs. */
async function put(...names: readonly string[]): Promise<readonly string[]> {
  const video = await readFile(await media.make({ container: 'wav', seconds: 2 }));
  const files = names.map((name) => join(stand.videos, name));
  for (const file of files) await writeFile(file, Buffer.concat([video, randomBytes(bytes - video.byteLength)]));
  return files;
}

/** How much of a video the server has stored. */
async function storedBytes(name: string): Promise<number> {
  const there = (await server.account.conversions()).find(({ fileName }) => fileName === name);
  if (there !== undefined && there.state !== 'uploading') return bytes;
  const stored = await stat(join(server.dataFolder, 'videos', `${there?.id}.part`)).catch(() => undefined);
  return stored?.size ?? 0;
}

/** How much of a video that is not being sent the server has stored. */
async function settledBytes(name: string): Promise<number> {
  const there = (await server.account.conversions()).find(({ fileName }) => fileName === name);
  return await settledOffset(server.account, there?.id ?? '');
}

/** Whether the server has stored what the held line carried of a video, and the row says that it is partly sent. */
async function isPartlySent(name: string): Promise<boolean> {
  const state = stand.row(name)?.state;
  return state?.kind === 'uploading' && state.sentBytes > 0 && (await storedBytes(name)) > 0.4 * bytes;
}

async function untilSent(name: string): Promise<void> {
  await waitUntil(`${name} is partly sent`, async () => await isPartlySent(name));
}

async function mp3s(): Promise<readonly string[]> {
  return (await readdir(stand.videos)).filter((name) => !name.endsWith('.wav')).toSorted();
}

describe('a video that is sent to a server', () => {
  it('is not sent again after a pause, and its progress does not decrease', { timeout: 60_000 }, async () => {
    server.line.hold(bytes / 2);
    await stand.list.add(await put('a.wav', 'b.wav'));
    await untilSent('a.wav');
    await untilSent('b.wav');
    stand.list.pauseAll();
    await stand.until('a.wav', 'paused');
    const { fraction = 0 } = await stand.until('b.wav', 'paused');
    // What the app has sent but the line has not carried is lost.
    server.line.cut();
    server.line.release();
    const missing = 2 * bytes - (await settledBytes('a.wav')) - (await settledBytes('b.wav'));
    expect(missing).toBeLessThan(1.2 * bytes);
    const before = server.line.sentBytes;
    stand.list.continueAll();
    expect(stand.row('b.wav')?.fraction).toBeGreaterThanOrEqual(fraction);
    await stand.until('a.wav', 'done');
    await stand.until('b.wav', 'done');
    expect(await mp3s()).toEqual(['a.mp3', 'b.mp3']);
    expect(server.line.sentBytes - before).toBeLessThan(missing + 0.3 * bytes);
  });

  it('resumes after the connection broke and the app was restarted', { timeout: 90_000 }, async () => {
    const before = server.line.sentBytes;
    server.line.hold(bytes / 2);
    await stand.list.add(await put('c.wav', 'd.wav', 'e.wav'));
    await waitUntil('two of them are partly sent', async () => {
      const sent = await Promise.all(['c.wav', 'd.wav', 'e.wav'].map(isPartlySent));
      return sent.filter(Boolean).length === 2;
    });
    server.line.down = true;
    server.line.cut();
    server.line.release();
    const away = await stand.until('c.wav', 'offline_uploading');
    expect(away.state).toMatchObject({ totalBytes: bytes });
    await stand.until('e.wav', 'offline_uploading');
    expect(stand.list.summary().mode).toBe('offline');
    stand = await stand.reopen();
    await stand.until('c.wav', 'offline_uploading');
    server.line.down = false;
    backend.tryNow();
    for (const name of ['c.wav', 'd.wav', 'e.wav']) await stand.until(name, 'done');
    expect(await mp3s()).toEqual(['c.mp3', 'd.mp3', 'e.mp3']);
    expect(server.line.sentBytes - before).toBeLessThan(3.9 * bytes);
  });

  it('resumes after the server was killed and restarted', { timeout: 90_000 }, async () => {
    server.line.hold(bytes / 2);
    await stand.list.add(await put('f.wav', 'g.wav'));
    await untilSent('f.wav');
    await server.server().kill();
    server.line.release();
    await stand.until('f.wav', 'offline_uploading');
    await server.startAgain();
    backend.tryNow();
    await stand.until('f.wav', 'done');
    await stand.until('g.wav', 'done');
    expect(await mp3s()).toEqual(['f.mp3', 'g.mp3']);
  });

  it('waits while nobody is signed in, and goes on then', { timeout: 60_000 }, async () => {
    server.line.hold(bytes / 2);
    await stand.list.add(await put('h.wav'));
    await untilSent('h.wav');
    await backend.signOut();
    expect((await stand.until('h.wav', 'signed_out')).state).toMatchObject({ host: new URL(server.line.url).host });
    server.line.cut();
    server.line.release();
    const missing = bytes - (await settledBytes('h.wav'));
    const before = server.line.sentBytes;
    expect(stand.list.summary().mode).toBe('offline');
    await backend.signIn();
    await stand.until('h.wav', 'done');
    expect(await mp3s()).toEqual(['h.mp3']);
    expect(server.line.sentBytes - before).toBeLessThan(missing + 0.3 * bytes);
  });

  it('continues as the same conversion if its cancellation is undone at once', { timeout: 60_000 }, async () => {
    server.line.hold(bytes / 2);
    await stand.list.add(await put('i.wav'));
    await untilSent('i.wav');
    await stand.list.cancel(stand.row('i.wav')?.id ?? '');
    await stand.list.undo();
    server.line.release();
    await stand.until('i.wav', 'done');
    expect(await mp3s()).toEqual(['i.mp3']);
    const conversions = await server.account.conversions();
    expect(conversions.filter(({ fileName }) => fileName === 'i.wav')).toHaveLength(1);
  });
});

it('a conversion that is cancelled offline is cancelled on the server once it can be reached', {
  timeout: 60_000,
}, async () => {
  const video = await media.make({ container: 'mkv', seconds: 20, audio: [{ codec: 'flac' }], picture: false });
  await ffmpeg.hold();
  await stand.list.add([video]);
  const [name = ''] = video.split('/').slice(-1);
  const { id } = await stand.until(name, 'converting');
  server.line.down = true;
  server.line.cut();
  await stand.until(name, 'offline_converting');
  await stand.list.cancel(id);
  await stand.until(name, 'cancelled');
  stand = await stand.reopen();
  expect(stand.hasPendingCalls()).toBe(true);
  server.line.down = false;
  backend.tryNow();
  await waitUntil('no calls are pending', () => !stand.hasPendingCalls());
  const conversions = await server.account.conversions();
  expect(conversions.find(({ fileName }) => fileName === name)?.state).toBe('cancelled');
});
