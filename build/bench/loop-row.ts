import { spawn } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { type ApiClient, makeAccount } from '../../backend/tests/running/api-client.ts';
import { sendResumable } from '../../backend/tests/running/resumable-upload.ts';
import { startServerProcess } from '../../backend/tests/running/server-process.ts';
import { askProcess } from './ask-process.ts';
import { noiseFile, video } from './bench-media.ts';
import { measureBatchEnd, measureStarts } from './loop-history.ts';
import { cpuSecondsOf, median } from './measure.ts';
import type { Row } from './row.ts';
import { slowFsync } from './slow-fsync.ts';

const uploads = 64;
const conversions = 4;
/** Of each upload. Faster ones would measure how the client and the server share the cores. */
const bytesPerSecond = 1_000_000;
const megabytes = 2;
/** How long the load is on in each round. */
const loadSeconds = 12;
const loadRounds = 3;
const slowMilliseconds = 30;
const limits = { plain: { loop: 50, me: 150 }, slow: { loop: 100, me: 400 }, batch: 50, start: 1000 };

export const loop: Row = {
  name: 'loop',
  what: `how long the server’s event loop stands still, with ${uploads} uploads of 1 MB/s and ${conversions} conversions`,
  against: 'limits',
  limit: [
    `event loop p99 ≤ ${limits.plain.loop} ms and GET /me p99 ≤ ${limits.plain.me} ms;`,
    `with syncs ${slowMilliseconds} ms slower ≤ ${limits.slow.loop} and ≤ ${limits.slow.me} ms;`,
    `the end of a batch ≤ ${limits.batch} ms; a start ≤ ${limits.start} ms`,
  ].join(' '),
  async measure(folder) {
    const plain = await measureLoad(join(folder, 'plain'), {});
    const slowness = await slowFsync(folder, slowMilliseconds);
    const slow = slowness && (await measureLoad(join(folder, 'slow'), slowness));
    const batch = await measureBatchEnd(join(folder, 'batch'));
    const starts = await measureStarts(folder);
    const holds =
      isWithin(plain, limits.plain) &&
      (slow === undefined || isWithin(slow, limits.slow)) &&
      batch.heldMilliseconds <= limits.batch &&
      starts.longMilliseconds <= limits.start;
    return {
      holds,
      notes: [
        describeLoad('the disk as it is', plain),
        slow === undefined
          ? 'NOT MEASURED with slower syncs: this machine has no C compiler (cc)'
          : describeLoad(`syncs ${slowMilliseconds} ms slower`, slow),
        `the end of a batch of 10,000: the loop stands ${inMilliseconds(batch.heldMilliseconds)} at most, ${batch.wallSeconds.toFixed(2)} s in all, CPU ${batch.cpuSeconds.toFixed(2)} s`,
        `a start with 100,000 rows: ${inMilliseconds(starts.longMilliseconds)}, CPU ${starts.longCpuSeconds.toFixed(2)} s; with none: ${inMilliseconds(starts.emptyMilliseconds)}, CPU ${starts.emptyCpuSeconds.toFixed(2)} s`,
      ],
    };
  },
};

interface Load {
  readonly loop: number;
  readonly longest: number;
  readonly me: number;
  readonly meMedian: number;
  readonly idle: number;
  readonly uploadsPerSecond: number;
  readonly cpuShare: number;
}

const isWithin = (load: Load, limit: { readonly loop: number; readonly me: number }): boolean =>
  load.loop <= limit.loop && load.me <= limit.me;
const inMilliseconds = (value: number): string => `${Math.round(value)} ms`;

function describeLoad(name: string, load: Load): string {
  return [
    `${name}: event loop p99 ${inMilliseconds(load.loop)} (max ${inMilliseconds(load.longest)})`,
    `GET /me p99 ${inMilliseconds(load.me)} (p50 ${inMilliseconds(load.meMedian)})`,
    `an idle process's event loop at the same time p99 ${inMilliseconds(load.idle)}`,
    `${load.uploadsPerSecond.toFixed(1)} uploads/s, ${load.cpuShare.toFixed(2)} of a core`,
  ].join('; ');
}

/** Medians of several rounds. */
async function measureLoad(folder: string, environment: Record<string, string>): Promise<Load> {
  await mkdir(folder);
  const delayFile = join(folder, 'loop-delay');
  await using running = await startServerProcess({
    dataFolder: join(folder, 'data'),
    nodeFlags: ['--import', join(import.meta.dirname, 'watch-loop.ts')],
    environment: { ...environment, CONVERTER_CONCURRENCY: String(conversions), LOOP_DELAY_FILE: delayFile },
  });
  const account = await makeAccount({ url: () => running.url });
  const rounds: Load[] = [];
  for (let round = 0; round < loadRounds; round += 1) {
    rounds.push(await measureRound(running, account, delayFile));
  }
  await account.fetch('/api/v1/conversions/clear', { method: 'POST' });
  await running.stop();
  await rm(folder, { recursive: true });
  const of = (pick: (load: Load) => number): number => median(rounds.map(pick));
  return {
    loop: of((load) => load.loop),
    longest: of((load) => load.longest),
    me: of((load) => load.me),
    meMedian: of((load) => load.meMedian),
    idle: of((load) => load.idle),
    uploadsPerSecond: of((load) => load.uploadsPerSecond),
    cpuShare: of((load) => load.cpuShare),
  };
}

async function measureRound(
  { url, pid }: { readonly url: string; readonly pid: number },
  account: ApiClient,
  delayFile: string,
): Promise<Load> {
  // Longer than the round, so that as many conversions run all the time.
  const long = await video(600);
  const ids = await Promise.all(
    Array.from({ length: conversions }, () => sendResumable({ url, token: account.token }, long)),
  );
  const source = await noiseFile(megabytes);
  const asking = askMe(url, account.token);
  // Starts the measurement anew.
  await loopDelay(pid, delayFile);
  const cpuBefore = await cpuSecondsOf(pid);
  const began = performance.now();
  let sent = 0;
  const sendInTurn = async (index: number): Promise<void> => {
    // Otherwise all would begin and end at the same moments.
    await delay((index / uploads) * (megabytes / bytesPerSecond) * 1e9);
    while (performance.now() - began < loadSeconds * 1000) {
      const id = await sendResumable({ url, token: account.token }, source, bytesPerSecond);
      sent += 1;
      await account.fetch(`/api/v1/conversions/${id}`, { method: 'DELETE' });
    }
  };
  await Promise.all(Array.from({ length: uploads }, (_, index) => sendInTurn(index)));
  const seconds = (performance.now() - began) / 1000;
  const { p99, max } = await loopDelay(pid, delayFile);
  const cpuShare = ((await cpuSecondsOf(pid)) - cpuBefore) / seconds;
  const me = await asking.end();
  for (const id of ids) await account.fetch(`/api/v1/conversions/${id}`, { method: 'DELETE' });
  return {
    loop: p99,
    longest: max,
    me: me.p99,
    meMedian: me.p50,
    idle: me.idle,
    uploadsPerSecond: sent / seconds,
    cpuShare,
  };
}

/** In a process of its own, because this one is busy with the uploads. */
function askMe(url: string, token: string) {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'ask-me.ts'), url, token], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const said = text(child.stdout);
  return {
    async end(): Promise<{ readonly p50: number; readonly p99: number; readonly idle: number }> {
      child.stdin.end();
      return JSON.parse(await said) as { p50: number; p99: number; idle: number };
    },
  };
}

/** In milliseconds, since the last call. */
async function loopDelay(pid: number, file: string): Promise<{ readonly p99: number; readonly max: number }> {
  return (await askProcess(pid, file)) as { p99: number; max: number };
}
