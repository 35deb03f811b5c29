import { randomBytes } from 'node:crypto';
import { appendFile, mkdtemp, open, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type MediaFolder, openMediaFolder } from '../../backend/tests/media/make-media.ts';
import { openServerStand, type ServerStand } from '../../backend/tests/running/server-stand.ts';
import { waitUntil } from '../../backend/tests/running/wait-until.ts';
import type { BegunUpload, SourceFile } from './backend.ts';
import { createRemoteBackend, type RemoteBackend } from './remote-backend.ts';

const options = { format: 'mp3' } as const;
const never = new AbortController().signal;
const bytes = 3_000_000;

const running = new AsyncDisposableStack();
let media: MediaFolder;
let stand: ServerStand;
let backend: RemoteBackend;
let folder: string;
let file: SourceFile;

beforeAll(async () => {
  media = running.use(await openMediaFolder());
  stand = running.use(await openServerStand());
  backend = createRemoteBackend(await stand.signedIn());
  running.defer(() => backend.close());
});
afterAll(() => running.disposeAsync());
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'soundlift-once-'));
  const video = path.join(folder, 'talk.wav');
  file = { path: video, fileName: 'talk.wav', bytes };
  await writeFile(video, await content(2));
  // The backend asks for the server's limits once.
  await backend.submit({ file, options }, never);
  for (const { id } of await stand.account.conversions()) await backend.remove(id);
});
afterEach(async () => {
  stand.line.deaf = false;
  stand.line.release();
  await rm(folder, { recursive: true, force: true });
});

/** A video of that duration, followed by padding up to `size`. */
async function content(seconds: number, size = bytes): Promise<Buffer> {
  const video = await readFile(await media.make({ container: 'wav', seconds }));
  return Buffer.concat([video, randomBytes(size - video.byteLength)]);
}

async function states(): Promise<readonly string[]> {
  return (await stand.account.conversions()).map(({ state }) => state);
}

/** Loses the answer to the creation that `submitting` sends. */
async function loseCreation(submitting: () => Promise<unknown>): Promise<void> {
  stand.line.deaf = true;
  submitting().catch(() => undefined);
  await waitUntil('the server has created the upload', async () => (await states()).length > 0);
  stand.line.cut();
}

async function expectDone(id: string, seconds: number): Promise<void> {
  const { state, result } = await stand.account.ended(id);
  expect(state).toBe('done');
  expect(result?.durationSeconds).toBeCloseTo(seconds, 1);
}

describe('an upload whose creation is not answered', () => {
  it('is found again, and makes one conversion', async () => {
    let submitted: ReturnType<typeof backend.submit> | undefined;
    await loseCreation(() => (submitted = backend.submit({ file, options }, never)));
    stand.line.deaf = false;
    const id = (await submitted)?.id ?? '';
    await expectDone(id, 2);
    expect(await states()).toEqual(['done']);
  });

  it('is removed when it is stopped meanwhile', async () => {
    const stop = new AbortController();
    let submitted: Promise<unknown> | undefined;
    await loseCreation(() => (submitted = backend.submit({ file, options }, stop.signal)));
    stop.abort(new Error('enough'));
    stand.line.deaf = false;
    await expect(submitted).rejects.toThrow('enough');
    expect(await states()).toEqual([]);
  });

  it('is found again by a later try that has its key', async () => {
    const stop = new AbortController();
    const keys: BegunUpload[] = [];
    const ids: string[] = [];
    const resumable = {
      onUpload: (upload: BegunUpload) => void keys.push(upload),
      onBegun: (id: string) => void ids.push(id),
    };
    let submitted: Promise<unknown> | undefined;
    await loseCreation(() => (submitted = backend.submit({ file, options, resumable }, stop.signal)));
    stop.abort(new Error('the app ends'));
    await expect(submitted).rejects.toThrow('the app ends');
    stand.line.deaf = false;
    const [upload] = keys;
    if (upload === undefined) return expect.unreachable();
    const { id } = await backend.submit({ file, options, resumable: { ...resumable, upload } }, never);
    await expectDone(id, 2);
    expect([keys.length, ids]).toEqual([1, [id]]);
    expect(await states()).toEqual(['done']);
  });

  it.each(['cancelled', 'removed'])('gets another key if it was %s meanwhile', async (how) => {
    const stop = new AbortController();
    const keys: BegunUpload[] = [];
    const resumable = { onUpload: (upload: BegunUpload) => void keys.push(upload), onBegun: () => undefined };
    let submitted: Promise<unknown> | undefined;
    await loseCreation(() => (submitted = backend.submit({ file, options, resumable }, stop.signal)));
    stop.abort(new Error('the app ends'));
    await expect(submitted).rejects.toThrow();
    stand.line.deaf = false;
    const ghost = (await stand.account.conversions())[0]?.id ?? '';
    await (how === 'removed' ? backend.remove(ghost) : backend.cancel(ghost));
    const [upload] = keys;
    if (upload === undefined) return expect.unreachable();
    const { id } = await backend.submit({ file, options, resumable: { ...resumable, upload } }, never);
    expect(id).not.toBe(ghost);
    expect(new Set(keys.map(({ key }) => key)).size).toBe(2);
    await expectDone(id, 2);
  });
});

/** Sends a part of the file, and stops as an app does that ends. */
async function sendPart(): Promise<{ readonly id: string; readonly upload: BegunUpload }> {
  const stop = new AbortController();
  let id = '';
  let upload: BegunUpload | undefined;
  const onSent = (fraction: number): void => (fraction > 0.3 ? stop.abort(new Error('held')) : undefined);
  const resumable = {
    onUpload: (one: BegunUpload) => void (upload = one),
    onBegun: (one: string) => void (id = one),
  };
  const held = backend.submit({ file, options, onSent, resumable }, stop.signal);
  await expect(held).rejects.toThrow('held');
  if (upload === undefined) return expect.unreachable();
  return { id, upload };
}

describe('a file that changes between two tries', () => {
  it.each<[string, () => Promise<void>]>([
    ['with other content of the same size', async () => await writeFile(file.path, await content(3))],
    ['to another size', async () => await writeFile(file.path, await content(3, bytes + 1))],
    [
      'to another file of the same size and time',
      async () => {
        const { atime, mtime } = await stat(file.path);
        await writeFile(`${file.path}.new`, await content(3));
        await utimes(file.path, atime, mtime);
        await utimes(`${file.path}.new`, atime, mtime);
        await rename(`${file.path}.new`, file.path);
      },
    ],
  ])('%s is uploaded from the start', async (_how, change) => {
    const { atime, mtime } = await stat(file.path);
    // The third case needs a time that can be set exactly.
    await utimes(file.path, atime, new Date(Math.floor(mtime.getTime() / 1000) * 1000 - 10_000));
    const { id: old, upload } = await sendPart();
    await change();
    const ids: string[] = [];
    const keys: string[] = [];
    const resumable = {
      id: old,
      upload,
      onUpload: ({ key }: BegunUpload) => void keys.push(key),
      onBegun: (id: string) => void ids.push(id),
    };
    const { id } = await backend.submit({ file, options, resumable }, never);
    await expectDone(id, 3);
    expect(ids).toEqual([id]);
    expect(keys).not.toContain(upload.key);
    expect(await states()).toEqual(['done']);
  });

  it('leaves nothing of an upload whose creation was not answered', async () => {
    const stop = new AbortController();
    let upload: BegunUpload | undefined;
    const resumable = { onUpload: (one: BegunUpload) => void (upload ??= one), onBegun: () => undefined };
    let submitted: Promise<unknown> | undefined;
    await loseCreation(() => (submitted = backend.submit({ file, options, resumable }, stop.signal)));
    stop.abort(new Error('the app ends'));
    await expect(submitted).rejects.toThrow();
    stand.line.deaf = false;
    await writeFile(file.path, await content(3, bytes + 1));
    if (upload === undefined) return expect.unreachable();
    const { id } = await backend.submit({ file, options, resumable: { ...resumable, upload } }, never);
    await expectDone(id, 3);
    expect(await states()).toEqual(['done']);
  });
});

describe('a file that changes while it is sent', () => {
  /** More than the system stores of what was sent and not received. */
  const large = 24_000_000;

  it.each<[string, () => Promise<void>, number?]>([
    [
      'in place',
      async () => {
        await using handle = await open(file.path, 'r+');
        await handle.write(await content(3, large), 0, large, 0);
      },
    ],
    ['to a shorter one', async () => await writeFile(file.path, await content(3, large - 1))],
    ['because it still grows', async () => await appendFile(file.path, 'more'), 2],
  ])('%s is sent again, as it is then', async (_how, change, seconds = 3) => {
    await writeFile(file.path, await content(2, large));
    const held = stand.line.sentBytes + bytes / 2;
    stand.line.hold(bytes / 2);
    const submitting = backend.submit({ file, options }, never);
    await waitUntil('a part was sent', () => stand.line.sentBytes >= held);
    await change();
    stand.line.release();
    const { id } = await submitting;
    await expectDone(id, seconds);
    expect((await stand.account.get(id)).sourceBytes).toBe((await stat(file.path)).size);
    expect(await states()).toEqual(['done']);
  });
});
