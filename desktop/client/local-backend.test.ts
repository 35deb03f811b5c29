import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pino } from 'pino';
import { afterAll, afterEach, beforeEach, expect, it } from 'vitest';
import { z } from 'zod';
import { startEmbedded } from '../../backend/main/embedded.ts';
import { conversionStateSchema } from '../../shared/api.ts';
import { openCopyingChannel } from '../tests/copying-channel.ts';
import { describeBackend } from './backend.contract.ts';
import { createLocalBackend } from './local-backend.ts';

let folder: string;
const never = new AbortController().signal;
const options = { format: 'mp3' } as const;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'soundlift-local-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function makeFile(bytes: number) {
  const file = { path: path.join(folder, 'a.mp4'), fileName: 'a.mp4', bytes };
  await writeFile(file.path, Buffer.alloc(bytes, 7));
  return file;
}

const running = new AsyncDisposableStack();
afterAll(() => running.disposeAsync());

const rowSchema = z.object({ id: z.string(), state: conversionStateSchema });

describeBackend('the backend of this computer', async (ffmpeg) => {
  const dataFolder = await mkdtemp(path.join(tmpdir(), 'soundlift-local-data-'));
  running.defer(() => rm(dataFolder, { recursive: true, force: true }));
  const settings = {
    dataFolder,
    ffmpegPath: ffmpeg.path,
    maxDurationSeconds: 3600,
    keepResultDays: 1,
    converterConcurrency: 2,
  };
  const embedded = running.use(
    await startEmbedded({ ...settings, whenFull: { fail: 'The disk is full.' } }, pino({ level: 'silent' })),
  );
  const database = new DatabaseSync(path.join(dataFolder, 'conversions.db'), { readOnly: true });
  running.defer(() => database.close());
  const rows = database.prepare('SELECT id, state FROM conversions WHERE removed_at IS NULL ORDER BY id');
  return {
    backend: createLocalBackend(embedded.channel),
    conversions: async () => z.array(rowSchema).parse(rows.all()),
  };
});

it('passes the path, never the bytes', async () => {
  await using channel = await openCopyingChannel();
  const file = await makeFile(10);
  const batch = { batchId: 'b', batchSize: 1 };
  await createLocalBackend(channel).submit({ file: file, options, batch }, never);
  expect(channel.submissions).toEqual([
    { id: expect.any(String), path: file.path, fileName: 'a.mp4', options, ...batch },
  ]);
});

it('leaves no conversion behind when it is stopped during a submission', async () => {
  await using channel = await openCopyingChannel();
  const stop = new AbortController();
  const handing = createLocalBackend(channel).submit({ file: await makeFile(10), options }, stop.signal);
  stop.abort(new Error('enough'));
  await expect(handing).rejects.toThrow('enough');
  expect(channel.conversions.size).toBe(0);
});

it('gives a result in chunks', async () => {
  await using channel = await openCopyingChannel();
  const backend = createLocalBackend(channel);
  const { id } = await backend.submit({ file: await makeFile(1_000_000), options }, never);
  await expect.poll(async () => (await backend.get(id)).state).toBe('done');
  const result = await backend.openResult(id, never);
  let bytes = 0;
  let pieces = 0;
  for await (const chunk of result.chunks) {
    bytes += chunk.length;
    pieces += 1;
  }
  expect([bytes, result.bytes]).toEqual([1_000_000, 1_000_000]);
  expect(pieces).toBeGreaterThan(2);
});

it('reports `gone` for a result whose file is gone', async () => {
  await using channel = await openCopyingChannel();
  const backend = createLocalBackend(channel);
  const { id } = await backend.submit({ file: await makeFile(10), options }, never);
  await expect.poll(async () => (await backend.get(id)).state).toBe('done');
  const { path: file } = await channel.result(id);
  const { chunks } = await backend.openResult(id, never);
  await rm(file);
  await expect(async () => {
    for await (const _chunk of chunks) expect.unreachable();
  }).rejects.toMatchObject({ code: 'gone' });
});

it('stops giving a result when the signal fires', async () => {
  await using channel = await openCopyingChannel();
  const backend = createLocalBackend(channel);
  const { id } = await backend.submit({ file: await makeFile(1_000_000), options }, never);
  await expect.poll(async () => (await backend.get(id)).state).toBe('done');
  const stop = new AbortController();
  const { chunks } = await backend.openResult(id, stop.signal);
  await expect(async () => {
    for await (const _chunk of chunks) stop.abort(new Error('enough'));
  }).rejects.toThrow('enough');
});
