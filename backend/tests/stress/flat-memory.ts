import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import type { Conversion } from '../../../shared/api.ts';
import { type ApiClient, makeAccount } from '../running/api-client.ts';
import { peakMemoryBytes } from '../running/processes.ts';
import { sendResumable } from '../running/resumable-upload.ts';
import { startServerProcess } from '../running/server-process.ts';
import { type LargeVideo, makeLargeVideo } from './large-video.ts';
import { uploadStreamed } from './streamed-upload.ts';
import { downloadAndCheck } from './stress-clients.ts';

/** The most memory in bytes that any of our processes may use, whatever passes through it. */
const limitBytes = 200_000_000;
const downloads = 10;

/**
 * Uploads a video of this size in both ways, converts it, and downloads its MP3 many times in parallel. Checks the
 * server's memory after each step.
 */
export async function expectFlatMemory(bytes: number): Promise<void> {
  await using opened = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'soundlift-memory-'));
  opened.defer(() => rm(folder, { recursive: true }));
  const video = await makeLargeVideo(folder, bytes);
  const dataFolder = join(folder, 'data');
  // A first start compiles the code. This takes 20 to 30 MB more, which later starts read from Node's compile cache.
  await (await startServerProcess({ dataFolder })).stop();
  const server = opened.use(await startServerProcess({ dataFolder }));
  const client = await makeAccount({ url: () => server.url });
  const expectFlat = async (after: string): Promise<void> => {
    const peak = await peakMemoryBytes(server.pid);
    console.log(`${after}: ${Math.round(peak / 1e6)} MB at most, of a video of ${Math.round(video.bytes / 1e6)} MB`);
    expect(peak, after).toBeLessThan(limitBytes);
  };

  await expectFlat('signed in');
  await client.cancel(await sendResumable({ url: server.url, token: client.token }, video.path));
  await expectFlat('uploaded, resumable');
  const { id } = await upload(client, video);
  await rm(video.path);
  await expectFlat('uploaded as a form');
  const done = await client.ended(id, { seconds: Math.max(60, bytes / 1e6) });
  expect(done).toMatchObject({ state: 'done', warnings: [] });
  expect(done.result?.durationSeconds).toBeCloseTo(video.seconds, 0);
  await expectFlat('converted');
  const stalled = await Promise.all(Array.from({ length: downloads }, () => stallDownload(client, done)));
  await Promise.all(Array.from({ length: downloads }, () => downloadAndCheck(client, done)));
  for (const end of stalled) await end();
  await expectFlat(`downloaded ${downloads} times, with ${downloads} more that stood still`);
  await server.stop();
}

/** Not as a Blob: a Blob of Node 24 ends early for a file of more than 4 GB. */
async function upload(client: ApiClient, { path, bytes }: LargeVideo): Promise<Conversion> {
  const fate = await uploadStreamed(client, { path, fileName: 'large.mp4', pauseMilliseconds: 0 });
  if (fate.kind !== 'acknowledged') throw new Error(`the upload was ${fate.kind}`);
  expect(fate.conversion.sourceBytes).toBe(bytes);
  return fate.conversion;
}

/** Requests the MP3 and reads none of it. Returns a function that ends this. */
async function stallDownload(client: ApiClient, { id }: Conversion): Promise<() => Promise<void>> {
  const answer = await client.fetch(`/download?fid=${id}`);
  await delay(100);
  return async () => await answer.body?.cancel();
}
