import { createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { type ApiClient, makeAccount } from '../../backend/tests/running/api-client.ts';
import { startServerProcess } from '../../backend/tests/running/server-process.ts';
import { video } from './bench-media.ts';
import { plainFfmpeg } from './convert-rows.ts';
import { type Cost, cpuSecondsOf, measureCommand, measurePair } from './measure.ts';
import { type Row, rounds } from './row.ts';
import { uploadStream } from './upload-stream.ts';

const videos = 40;
const uploadsAtOnce = 4;
const lookMilliseconds = 200;
/** A server that has not converted everything by then hangs. */
const mostSeconds = 300;
const cores = availableParallelism();

export const server: Row = {
  name: 'server',
  what: `${videos} videos of 60 s, uploaded to a running server, and their MP3s downloaded`,
  against: `xargs -P ${cores} ffmpeg`,
  limit: '≥ 0.80 of its throughput',
  async measure(folder) {
    const source = await video(60);
    await using running = await startServerProcess({
      dataFolder: join(folder, 'data'),
      environment: { CONVERTER_CONCURRENCY: String(cores) },
    });
    const account = await makeAccount({ url: () => running.url });
    const measured = { url: running.url, cpuSeconds: () => cpuSecondsOf(running.pid), videos };
    const pair = await measurePair(
      rounds,
      () => measureServer(measured, account, source, join(folder, 'fetched')),
      () => measureXargs(source, join(folder, 'peer'), videos, cores),
    );
    const throughput = pair.peer.wallSeconds / pair.ours.wallSeconds;
    await running.stop();
    return { ...pair, holds: throughput >= 0.8, notes: [`${throughput.toFixed(2)} of its throughput`] };
  },
};

export interface MeasuredServer {
  /** Without a trailing slash. */
  readonly url: string;
  /** What all its processes and their ffmpegs have used so far. */
  cpuSeconds(): Promise<number>;
  readonly videos: number;
}

/**
 * From the first upload to the last MP3 on our disk. CPU is the server's and its ffmpegs'. The wall time includes the client, which does
 * little.
 */
export async function measureServer(
  { url, cpuSeconds, videos: count }: MeasuredServer,
  account: ApiClient,
  source: string,
  target: string,
): Promise<Cost> {
  await mkdir(target);
  const cpuBefore = await cpuSeconds();
  const started = performance.now();
  let left = count;
  const uploadInTurn = async () => {
    while (left > 0) {
      left -= 1;
      await uploadStream(url, account.token, source);
    }
  };
  const uploads = Array.from({ length: uploadsAtOnce }, uploadInTurn);
  await Promise.all([...uploads, fetchAll(account, target, count)]);
  const wallSeconds = (performance.now() - started) / 1000;
  const cpuUsed = (await cpuSeconds()) - cpuBefore;
  await account.fetch('/api/v1/conversions/clear', { method: 'POST' });
  await rm(target, { recursive: true });
  return { wallSeconds, cpuSeconds: cpuUsed };
}

async function fetchAll(account: ApiClient, target: string, count: number): Promise<void> {
  const fetched = new Set<string>();
  const end = performance.now() + mostSeconds * 1000;
  while (fetched.size < count) {
    if (performance.now() > end)
      throw new Error(`${fetched.size} of ${count} videos were converted in ${mostSeconds} s`);
    for (const { id, state } of await account.conversions()) {
      if (fetched.has(id)) continue;
      if (state === 'failed' || state === 'cancelled') throw new Error(`a conversion of the benchmark is ${state}`);
      if (state !== 'done') continue;
      await fetchTo(account, id, join(target, `${id}.mp3`));
      fetched.add(id);
    }
    await delay(lookMilliseconds);
  }
}

/** Downloads an MP3 without keeping it. */
export async function fetchTo(account: ApiClient, id: string, target: string): Promise<void> {
  const answer = await account.fetch(`/download?fid=${id}`);
  if (answer.status !== 200 || answer.body === null) throw new Error(`the MP3 cannot be downloaded: ${answer.status}`);
  await pipeline(answer.body, createWriteStream(target));
}

/** Runs plain ffmpeg for as many videos, `processes` at a time. */
export async function measureXargs(source: string, target: string, count: number, processes: number): Promise<Cost> {
  await mkdir(target);
  const numbers = Array.from({ length: count }, (_, index) => `${index}`).join(' ');
  const script = `printf '%s\\n' ${numbers} | xargs -P ${processes} -I {} "$@"`;
  const ffmpeg = ['ffmpeg', ...plainFfmpeg(source, join(target, '{}.mp3'))];
  const cost = await measureCommand('/bin/sh', ['-c', script, 'sh', ...ffmpeg]);
  await rm(target, { recursive: true });
  return cost;
}
