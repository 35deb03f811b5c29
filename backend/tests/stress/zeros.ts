import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { makeAccount } from '../running/api-client.ts';
import { peakMemoryBytes } from '../running/processes.ts';
import { startRunningCluster } from '../running/running-cluster.ts';
import { startServerProcess } from '../running/server-process.ts';
import { startClusterServers } from '../servers/cluster-servers.ts';
import { uploadStreamed } from './streamed-upload.ts';

/** The most memory in bytes that any of our processes may use, whatever passes through it. */
const limitBytes = 200_000_000;

/** A server whose memory is measured. */
export interface MeasuredServer extends AsyncDisposable {
  readonly url: string;
  /** Of each of its processes, without ffmpeg and servers of others. */
  readonly pids: readonly number[];
}

export type StartMeasuredServer = (environment: Readonly<Record<string, string>>) => Promise<MeasuredServer>;

export async function startSingleServer(environment: Readonly<Record<string, string>>): Promise<MeasuredServer> {
  await using opened = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'soundlift-zeros-'));
  opened.defer(() => rm(folder, { recursive: true }));
  const { url, pid } = opened.use(await startServerProcess({ dataFolder: join(folder, 'data'), environment }));
  const kept = opened.move();
  return { url, pids: [pid], [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

export async function startCluster(environment: Readonly<Record<string, string>>): Promise<MeasuredServer> {
  await using opened = new AsyncDisposableStack();
  const servers = opened.use(await startClusterServers());
  const cluster = opened.use(await startRunningCluster({ servers: servers.environment, settings: environment }));
  const kept = opened.move();
  return {
    url: cluster.named('gateway')[0]?.url ?? '',
    pids: cluster.services.map((service) => service.process().pid),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/**
 * Uploads this many zeros to a server that accepts them, and to one whose limit is one byte lower. The original system
 * accepted them and used 4,467 MiB of memory before it failed.
 */
export async function expectZerosHarmless(bytes: number, start: StartMeasuredServer): Promise<void> {
  await using opened = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'soundlift-zeros-'));
  opened.defer(() => rm(folder, { recursive: true }));
  const path = join(folder, 'zeros.mp4');
  await writeFile(path, '');
  await truncate(path, bytes);
  const upload = { path, fileName: 'zeros.mp4', pauseMilliseconds: 0 };

  const server = opened.use(await start({}));
  const client = await makeAccount({ url: () => server.url });
  const fate = await uploadStreamed(client, upload);
  if (fate.kind !== 'acknowledged') throw new Error(`the upload was ${fate.kind}`);
  const ended = await client.ended(fate.conversion.id, { seconds: 600 });
  expect([ended.state, ended.error?.code, ended.attempt]).toEqual(['failed', 'not_media', 1]);
  await expectLittleMemory(server);

  const smaller = opened.use(await start({ MAX_UPLOAD_BYTES: String(bytes - 1) }));
  const other = await makeAccount({ url: () => smaller.url });
  await expect(uploadStreamed(other, upload)).rejects.toThrow(/^an upload was answered with 413: .*"code":"too_large"/);
  expect(await other.conversions()).toEqual([]);
  await expectLittleMemory(smaller);
}

async function expectLittleMemory({ pids }: MeasuredServer): Promise<void> {
  const used = await Promise.all(pids.map(peakMemoryBytes));
  console.log(`at most ${used.map((bytes) => Math.round(bytes / 1e6)).join(', ')} MB`);
  expect(used.filter((bytes) => bytes >= limitBytes)).toEqual([]);
}
