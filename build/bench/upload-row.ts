import { request } from 'node:http';
import { join } from 'node:path';
import { type ApiClient, makeAccount } from '../../backend/tests/running/api-client.ts';
import { sendFile, sendResumable } from '../../backend/tests/running/resumable-upload.ts';
import { startServerProcess } from '../../backend/tests/running/server-process.ts';
import { noiseFile } from './bench-media.ts';
import { type Cost, cpuSecondsOf, measurePair } from './measure.ts';
import { startPlainPutServer } from './plain-put.ts';
import { type Row, rounds } from './row.ts';

const megabytes = 500;

export const upload: Row = {
  name: 'upload',
  what: `a file of ${megabytes} MB, resumable, durable before it is acknowledged`,
  against: 'a plain streamed PUT to disk, which does not wait for the disk',
  limit: '≥ 0.5 of its throughput',
  async measure(folder) {
    const source = await noiseFile(megabytes);
    await using running = await startServerProcess({ dataFolder: join(folder, 'data') });
    await using plain = await startPlainPutServer(join(folder, 'put'));
    const account = await makeAccount({ url: () => running.url });
    const pair = await measurePair(
      rounds,
      () =>
        measureSending(
          () => cpuSecondsOf(running.pid),
          () => uploadAndRemove(running.url, account, source),
        ),
      () =>
        measureSending(
          () => cpuSecondsOf(plain.pid),
          () => sendPlain(plain.url, source),
        ),
    );
    const throughput = pair.peer.wallSeconds / pair.ours.wallSeconds;
    await running.stop();
    return {
      ...pair,
      holds: throughput >= 0.5,
      notes: [
        `${throughput.toFixed(2)} of its throughput: ${speed(pair.ours)} against ${speed(pair.peer)}`,
        'the CPU is the servers’ alone; the client is the same for both',
      ],
    };
  },
};

const speed = ({ wallSeconds }: Cost) => `${Math.round(megabytes / wallSeconds)} MB/s`;

/** CPU is what `cpuSeconds` counts. */
export async function measureSending(cpuSeconds: () => Promise<number>, send: () => Promise<void>): Promise<Cost> {
  const cpuBefore = await cpuSeconds();
  const started = performance.now();
  await send();
  const wallSeconds = (performance.now() - started) / 1000;
  return { wallSeconds, cpuSeconds: (await cpuSeconds()) - cpuBefore };
}

export async function sendPlain(url: string, source: string): Promise<void> {
  await sendFile(request(url, { method: 'PUT' }), source);
}

/** Removes the stored files, so that later rounds have the same free space. */
async function uploadAndRemove(url: string, account: ApiClient, source: string): Promise<void> {
  const id = await sendResumable({ url, token: account.token }, source);
  await account.fetch(`/api/v1/conversions/${id}`, { method: 'DELETE' });
}
