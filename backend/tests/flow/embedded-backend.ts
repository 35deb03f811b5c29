import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeHeldFfmpeg } from '../running/held-ffmpeg.ts';
import { startServerProcess } from '../running/server-process.ts';
import type { FlowBackend } from './flow-backend.ts';

/** The embedded backend as people run it: `soundlift serve` with a new data folder. */
export async function startEmbeddedBackend(): Promise<FlowBackend> {
  const folder = await mkdtemp(join(tmpdir(), 'soundlift-flow-'));
  const dataFolder = join(folder, 'data');
  const ffmpeg = await makeHeldFfmpeg(folder);
  const start = () => startServerProcess({ dataFolder, environment: ffmpeg.environment });
  let server = await start();
  return {
    url: () => server.url,
    ffmpeg,
    async stored() {
      const [videos, mp3s, work] = await Promise.all([
        readdir(join(dataFolder, 'videos')),
        readdir(join(dataFolder, 'mp3s')),
        readdir(join(dataFolder, 'work')).catch(() => []),
      ]);
      return { videos, mp3s, work };
    },
    converting: () => server.workers(),
    sweep: async () => undefined,
    async crash() {
      await server.kill();
      server = await start();
    },
    freeze: () => server.signal('SIGSTOP'),
    thaw: () => server.signal('SIGCONT'),
    async [Symbol.asyncDispose]() {
      await server.kill();
      await rm(folder, { recursive: true });
    },
  };
}
