import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { type ApiClient, makeAccount } from '../../backend/tests/running/api-client.ts';
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
  owed: '≥ 0.5 of its throughput',
  async measure(folder) {
    const source = await noiseFile(megabytes);
    await using running = await startServerProcess({ dataFolder: join(folder, 'data') });
    await using plain = await startPlainPutServer(join(folder, 'put'));
    const account = await makeAccount({ url: () => running.url });
    const pair = await measurePair(
      rounds,
      () => measureSending(running.pid, () => sendResumable(running.url, account, source)),
      () => measureSending(plain.pid, () => sendPlain(plain.url, source)),
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

async function measureSending(pid: number, send: () => Promise<void>): Promise<Cost> {
  const cpuBefore = await cpuSecondsOf(pid);
  const started = performance.now();
  await send();
  const wallSeconds = (performance.now() - started) / 1000;
  return { wallSeconds, cpuSeconds: (await cpuSecondsOf(pid)) - cpuBefore };
}

async function sendPlain(url: string, source: string): Promise<void> {
  await sendFile(request(url, { method: 'PUT' }), source);
}

/** Creates the upload and sends all of it in one request. What is stored is removed, so that rounds do not pile up. */
async function sendResumable(url: string, account: ApiClient, source: string): Promise<void> {
  const { size } = await stat(source);
  const filename = Buffer.from('noise.mp4').toString('base64');
  const created = await account.fetch('/api/v1/uploads', {
    method: 'POST',
    headers: { ...resumable, 'upload-length': String(size), 'upload-metadata': `filename ${filename}` },
  });
  const id = created.headers.get('x-conversion-id');
  if (created.status !== 201 || id === null) throw new Error(`no upload was created: ${created.status}`);
  const headers = { ...resumable, 'content-type': 'application/offset+octet-stream', 'upload-offset': '0' };
  const authorization = `Bearer ${account.token}`;
  await sendFile(
    request(`${url}/api/v1/uploads/${id}`, { method: 'PATCH', headers: { ...headers, authorization } }),
    source,
  );
  await account.fetch(`/api/v1/conversions/${id}`, { method: 'DELETE' });
}

const resumable = { 'tus-resumable': '1.0.0' };

async function sendFile(call: ClientRequest, source: string): Promise<void> {
  const { size } = await stat(source);
  call.setHeader('content-length', size);
  const answered: Promise<readonly IncomingMessage[]> = once(call, 'response');
  await pipeline(createReadStream(source, { highWaterMark: 1024 * 1024 }), call);
  const [answer] = await answered;
  if (answer === undefined) throw new Error('an upload was not answered');
  const said = await text(answer);
  if (answer.statusCode !== 200 && answer.statusCode !== 204) {
    throw new Error(`an upload was answered with ${answer.statusCode}: ${said}`);
  }
}
