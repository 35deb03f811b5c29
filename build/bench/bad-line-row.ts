import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { makeAccount } from '../../backend/tests/running/api-client.ts';
import { type BadLine, openBadLine } from '../../backend/tests/running/bad-line.ts';
import { startServerProcess } from '../../backend/tests/running/server-process.ts';
import { createSeededRandom } from '../../backend/tests/stress/seeded-random.ts';
import { createServerHttp } from '../../desktop/client/server-http.ts';
import { keepInMemory, openServerSession, signIn } from '../../desktop/client/server-session.ts';
import { uploadFile } from '../../desktop/client/upload-file.ts';
import { noiseFile } from './bench-media.ts';
import { type Cost, measurePair } from './measure.ts';
import { startPlainPutServer } from './plain-put.ts';
import { type Row, rounds } from './row.ts';

const megabytes = 50;
const bytesPerSecond = 20_000_000 / 8;
const roundTripMilliseconds = 100;
/** The chance of a reset for each megabyte on a connection. */
const resetChance = 0.02;

export const badLine: Row = {
  name: 'bad-line',
  what: `${megabytes} MB over 20 Mbit/s with 100 ms, where each megabyte breaks the connection with a chance of 2 %`,
  against: 'curl -T, restarted until it succeeds',
  async measure(folder) {
    const source = await noiseFile(megabytes);
    await using running = await startServerProcess({ dataFolder: join(folder, 'data') });
    await using plain = await startPlainPutServer(join(folder, 'put'));
    // Both get the same faults, in the order in which they connect.
    const line = (target: string): Promise<BadLine> => {
      const { fraction } = createSeededRandom(2026);
      return openBadLine({
        target: () => target,
        bytesPerSecond,
        delayMilliseconds: roundTripMilliseconds / 2,
        resetAfterBytes: () => Math.ceil((Math.log(1 - fraction()) / Math.log(1 - resetChance)) * 1_000_000),
      });
    };
    await using toOurs = await line(running.url);
    await using toPlain = await line(plain.url);
    const { email, password } = await makeAccount({ url: () => running.url });
    const keeper = keepInMemory();
    const session = openServerSession(createServerHttp(toOurs.url), keeper);
    await signIn(session.http, { email, password }, keeper);
    const file = { path: source, fileName: 'noise.mp4', bytes: (await stat(source)).size };
    const pair = await measurePair(
      rounds,
      () =>
        wallOf(async () => {
          const signal = new AbortController().signal;
          const options = { format: 'mp3' } as const;
          await uploadFile({
            session,
            file,
            options,
            batch: undefined,
            resumable: undefined,
            signal,
            maxUploadBytes: file.bytes,
            onSent: () => {},
          });
        }),
      () => wallOf(() => putUntilDone(source, toPlain.url)),
    );
    await running.stop();
    const sent = (bytes: number): string => `${Math.round(bytes / rounds / 1_000_000)} MB`;
    return {
      ...pair,
      notes: [
        `sent for each ${megabytes} MB: ${sent(toOurs.sentBytes)} against ${sent(toPlain.sentBytes)}`,
        `connections: ${toOurs.connections} against ${toPlain.connections}; the CPU is that of the line, and of our client`,
      ],
    };
  },
};

/** Includes the CPU time of this process, which uploads. curl's CPU time is not counted. */
async function wallOf(work: () => Promise<void>): Promise<Cost> {
  const cpu = process.cpuUsage();
  const started = performance.now();
  await work();
  const { user, system } = process.cpuUsage(cpu);
  return { wallSeconds: (performance.now() - started) / 1000, cpuSeconds: (user + system) / 1_000_000 };
}

async function putUntilDone(source: string, url: string): Promise<void> {
  for (;;) {
    const curl = spawn('curl', ['--silent', '--fail', '--upload-file', source, url], { stdio: 'ignore' });
    const [code] = await once(curl, 'close');
    if (code === 0) return;
  }
}
