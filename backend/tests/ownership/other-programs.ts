import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { GridFSBucket, MongoClient } from 'mongodb';
import { expect, it, vi } from 'vitest';
import { openMediaFolder } from '../media/make-media.ts';
import { makeAccount } from '../running/api-client.ts';
import { makeHeldFfmpeg } from '../running/held-ffmpeg.ts';
import { installPythonPackage } from '../running/python-package.ts';
import { startServiceProcess } from '../running/service-process.ts';
import { findLeftovers } from '../stores/gridfs-leftovers.ts';
import type { ClusterBackend } from './cluster-backend.ts';

const places = 3;
const readGridfs = join(import.meta.dirname, '..', 'stores', 'read_gridfs.py');
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const patience = { timeout: 40_000, interval: 200 };

/** Length and digest of each file of a bucket, by two programs that are not ours. */
async function readByOthers(url: string, database: string): Promise<readonly (readonly [string, unknown])[]> {
  await using client = new MongoClient(url);
  const bucket = new GridFSBucket(client.db(database));
  const files = await bucket.find().sort({ filename: 1 }).toArray();
  const byDriver = await Promise.all(
    files.map(async ({ _id, length }) => [length, sha256(await buffer(bucket.openDownloadStream(_id)))]),
  );
  const python = join(await installPythonPackage('pymongo', '4.20.1'), 'python');
  const { stdout } = await promisify(execFile)(python, [readGridfs, url, database]);
  const lines = stdout.split('\n').filter((line) => line !== '');
  const byPython = lines.map((line) => (JSON.parse(line) as readonly unknown[]).slice(1, 3));
  return [
    ["the driver's bucket", byDriver],
    ['PyMongo', byPython],
  ];
}

/** What other programs see of a cluster that converts. Must come before tests that leave conversions queued. Registers vitest's tests. */
export function describeOtherPrograms(backend: () => ClusterBackend): void {
  it('other programs read the videos and MP3s in GridFS, and see in RabbitMQ how many places are free', async () => {
    await using opened = new AsyncDisposableStack();
    const folder = await mkdtemp(join(tmpdir(), 'soundlift-converter-'));
    opened.defer(() => rm(folder, { recursive: true, force: true }));
    const media = opened.use(await openMediaFolder());
    const video = await media.make({ container: 'mp4', seconds: 6 });
    const ffmpeg = await makeHeldFfmpeg(folder);
    await ffmpeg.hold();
    const { url, servers, cluster, sweep } = backend();
    const { MONGODB_URL: mongodbUrl } = servers.environment;
    const settings = { ...cluster.environment, ...ffmpeg.environment, CONVERTER_CONCURRENCY: String(places) };
    opened.use(await startServiceProcess('converter', folder, settings));
    await expectFreePlaces(places);

    const account = await makeAccount({ url: () => url });
    const { id } = await account.upload(video, 'talk.mp4');
    await account.until(id, ({ progress }) => progress > 0);
    await expectFreePlaces(places - 1);
    const source = await readFile(video);
    for (const [program, found] of await readByOthers(mongodbUrl, 'videos')) {
      expect(found, program).toEqual([[source.byteLength, sha256(source)]]);
    }

    await ffmpeg.release();
    expect(await account.ended(id)).toMatchObject({ state: 'done' });
    await expectFreePlaces(places);
    const mp3 = await account.download(id);
    for (const [program, found] of await readByOthers(mongodbUrl, 'mp3s')) {
      expect(found, program).toEqual([[mp3.byteLength, sha256(mp3)]]);
    }

    await sweep();
    await using client = new MongoClient(mongodbUrl);
    for (const database of ['videos', 'mp3s']) expect(await findLeftovers(client.db(database)), database).toEqual([]);
    expect(await client.db('videos').collection('fs.chunks').countDocuments()).toBe(0);
  });

  async function expectFreePlaces(free: number): Promise<void> {
    await vi.waitFor(async () => {
      expect(await backend().servers.rabbit.manage('queues/%2F/video')).toMatchObject({
        type: 'quorum',
        durable: true,
        consumers: free,
        arguments: { 'x-delivery-limit': 20, 'x-dead-letter-exchange': 'soundlift.dead' },
      });
    }, patience);
  }
}
