import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { peakMemoryBytes } from '../running/processes.ts';
import { startServerProcess } from '../running/server-process.ts';
import { passLargeVideo } from './pass-large-video.ts';

/** The most memory in bytes that any of our processes may use, whatever passes through it. */
const limitBytes = 200_000_000;

/** Passes a video of this size through a server, and checks its memory after each step. */
export async function expectFlatMemory(bytes: number): Promise<void> {
  await using opened = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'soundlift-memory-'));
  opened.defer(() => rm(folder, { recursive: true }));
  const dataFolder = join(folder, 'data');
  // A first start compiles the code. This takes 20 to 30 MB more, which later starts read from Node's compile cache.
  await (await startServerProcess({ dataFolder })).stop();
  const server = opened.use(await startServerProcess({ dataFolder }));
  const onStep = async (after: string): Promise<void> => {
    const peak = await peakMemoryBytes(server.pid);
    console.log(`${after}: ${Math.round(peak / 1e6)} MB at most, of a video of ${Math.round(bytes / 1e6)} MB`);
    expect(peak, after).toBeLessThan(limitBytes);
  };
  await passLargeVideo({ url: server.url, folder, bytes, onStep });
  await server.stop();
}
