import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { GridFSBucket, MongoClient } from 'mongodb';
import type { ApiClient } from '../../../backend/tests/running/api-client.ts';
import { sendResumable } from '../../../backend/tests/running/resumable-upload.ts';
import { noiseFile } from '../bench-media.ts';
import { type Cost, cpuSecondsOf, measureInTurn } from '../measure.ts';
import { startPlainPutServer } from '../plain-put.ts';
import { type Row, rounds } from '../row.ts';
import { measureSending, sendPlain } from '../upload-row.ts';
import { startMeasuredCluster } from './start-measured-cluster.ts';

const megabytes = 200;
const mebibyte = 1024 * 1024;

export const uploadToGridFs: Row = {
  name: 'cluster-upload',
  what: `a file of ${megabytes} MB to GridFS, resumable, durable before it is acknowledged`,
  against: 'a plain streamed PUT to disk, which does not wait for the disk',
  async measure(folder) {
    const source = await noiseFile(megabytes);
    await using cluster = await startMeasuredCluster(['auth', 'gateway']);
    await using plain = await startPlainPutServer(join(folder, 'put'));
    await using client = new MongoClient(cluster.running.environment['MONGODB_URL'] ?? '');
    const account = await cluster.makeAccount();
    const [ours, peer, driver] = await measureInTurn(rounds, [
      () => upload(cluster.url, account, source, () => cluster.cpuSeconds()),
      () =>
        measureSending(
          () => cpuSecondsOf(plain.pid),
          () => sendPlain(plain.url, source),
        ),
      () => sendByDriver(client, source),
    ]);
    if (ours === undefined || peer === undefined || driver === undefined) throw new Error('nothing was measured');
    const ratio = (other: Cost): string => (other.wallSeconds / ours.wallSeconds).toFixed(2);
    return {
      ours,
      peer,
      notes: [
        `${ratio(peer)} of its throughput: ${speed(ours)} against ${speed(peer)}`,
        `${ratio(driver)} of the throughput of the driver’s own GridFS upload from this process: ${speed(driver)}, CPU ${driver.cpuSeconds.toFixed(2)} s`,
        'the CPU is the services’ or the plain server’s alone',
      ],
    };
  },
};

const speed = ({ wallSeconds }: Cost): string => `${Math.round(megabytes / wallSeconds)} MB/s`;

/** Removes the video afterwards, which is not measured. */
async function upload(
  url: string,
  account: ApiClient,
  source: string,
  cpuSeconds: () => Promise<number>,
): Promise<Cost> {
  let id = '';
  const cost = await measureSending(cpuSeconds, async () => {
    id = await sendResumable({ url, token: account.token }, source);
  });
  await account.fetch(`/api/v1/conversions/${id}`, { method: 'DELETE' });
  return cost;
}

/** As durable as ours, and with chunks of the same size. */
async function sendByDriver(client: MongoClient, source: string): Promise<Cost> {
  const database = client.db('bench');
  const bucket = new GridFSBucket(database, {
    chunkSizeBytes: mebibyte,
    writeConcern: { w: 'majority', journal: true },
  });
  const cost = await measureSending(
    () => Promise.resolve(process.cpuUsage().user / 1e6 + process.cpuUsage().system / 1e6),
    () => pipeline(createReadStream(source, { highWaterMark: mebibyte }), bucket.openUploadStream('noise')),
  );
  await database.dropDatabase();
  return cost;
}
