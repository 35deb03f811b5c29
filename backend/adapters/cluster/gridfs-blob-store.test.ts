import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { GridFSBucket, type MongoClient, MongoServerError, ObjectId } from 'mongodb';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  bytesOf,
  expectCode,
  fence,
  from,
  label,
  listed,
  mebibyte,
  put,
  read,
  sha256,
} from '../../ports/blob-examples.ts';
import type { BlobStore } from '../../ports/blob-store.ts';
import { installPythonPackage } from '../../tests/running/python-package.ts';
import { type PrivateMongo, startPrivateMongo } from '../../tests/servers/private-mongodb.ts';
import { findLeftovers } from '../../tests/stores/gridfs-leftovers.ts';
import { roomInFolder } from '../../tests/stores/room-in-folder.ts';
import { type GridFsBlobStores, openGridFsBlobStores } from './gridfs-blob-store.ts';
import { parseMongoAddress } from './mongo-address.ts';
import { answered } from './mongo-calls.ts';

let server: PrivateMongo;
let client: MongoClient;
let folder: string;
beforeAll(async () => {
  server = await startPrivateMongo();
  ({ client } = parseMongoAddress(server.url));
  folder = await mkdtemp(path.join(tmpdir(), 'soundlift-gridfs-'));
});
afterAll(async () => {
  await client.close();
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const videos = () => client.db('videos');
const open = (): Promise<GridFsBlobStores> =>
  openGridFsBlobStores(client, { workFolder: folder, roomBytes: roomInFolder(folder, 4 * mebibyte) });

describe('blobs in GridFS', () => {
  let store: BlobStore;
  beforeEach(async () => {
    store = (await open()).videos;
  });
  afterEach(() => Promise.all([videos().dropDatabase(), client.db('mp3s').dropDatabase()]));

  it("are read by the driver's own bucket and by PyMongo, with equal bytes, names and labels", async () => {
    const sizes = [0, 1, mebibyte - 1, mebibyte, mebibyte + 1, 3.5 * mebibyte];
    const expected = await Promise.all(
      sizes.map(async (size, index) => {
        const id = `blob-${index}`;
        const bytes = randomBytes(size);
        const half = Math.floor(size / 2);
        await store.append(id, fence, 0, from(bytes.subarray(0, half)), label);
        await store.append(id, fence + 1, half, from(bytes.subarray(half)), label);
        await store.finish(id, fence + 2);
        return [id, size, sha256(bytes), label];
      }),
    );

    const bucket = new GridFSBucket(videos());
    const files = await bucket.find().sort({ filename: 1 }).toArray();
    const byDriver = await Promise.all(
      files.map(async ({ _id, filename, length, metadata }) => {
        return [filename, length, sha256(await buffer(bucket.openDownloadStream(_id))), metadata];
      }),
    );
    expect(byDriver).toEqual(expected);

    const python = path.join(await installPythonPackage('pymongo', '4.20.1'), 'python');
    const script = path.join(import.meta.dirname, '..', '..', 'tests', 'stores', 'read_gridfs.py');
    const { stdout } = await promisify(execFile)(python, [script, server.url, 'videos']);
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line): unknown => JSON.parse(line)),
    ).toEqual(expected);
    expect(await findLeftovers(videos())).toEqual([]);
  });

  it('have a length of 64 bits, which every GridFS program understands', async () => {
    await put(store, 'blob', bytesOf('abc'));
    expect(
      await videos()
        .collection('fs.files')
        .countDocuments({ length: { $type: 'long' } }),
    ).toBe(1);
  });

  it('are not seen by other GridFS programs before they are finished', async () => {
    await store.append('growing', fence, 0, from(randomBytes(2.5 * mebibyte)), label);
    expect(await new GridFSBucket(videos()).find().toArray()).toEqual([]);
  });

  it('are in one database for videos and in another for MP3s', async () => {
    const { mp3s } = await open();
    await put(mp3s, 'blob', bytesOf('abc'));
    expect(await listed(store)).toEqual([]);
    expect(await client.db('mp3s').collection('fs.files').countDocuments()).toBe(1);
  });

  it('grow while one call appends, so that little is lost if its process dies', async () => {
    const arrived = Promise.withResolvers<void>();
    const goesOn = Promise.withResolvers<void>();
    async function* source(): AsyncGenerator<Uint8Array> {
      for (let index = 0; index < 12; index += 1) yield Buffer.alloc(mebibyte, index);
      arrived.resolve();
      await goesOn.promise;
    }
    const appending = store.append('blob', fence, 0, source(), label);
    await arrived.promise;
    expect((await store.stat('blob'))?.bytes).toBeGreaterThan(0);
    goesOn.resolve();
    expect(await appending).toBe(12 * mebibyte);
  });

  it('are kept when a sweep finds files that another program put into the bucket', async () => {
    const bucket = new GridFSBucket(videos());
    await new Promise<void>((resolve) => bucket.openUploadStream('theirs').end('abc', () => resolve()));
    await videos().collection('fs.chunks').insertOne({ files_id: 'their own id', n: 0 });
    await put(store, 'ours', bytesOf('abc'));
    expect(await listed(store)).toEqual([{ id: 'ours', bytes: 3, finished: true }]);
    expect(String(await buffer(bucket.openDownloadStreamByName('theirs')))).toBe('abc');
    expect(await videos().collection('fs.chunks').countDocuments({ files_id: 'their own id' })).toBe(1);
  });

  it('do not come back when another program has removed them', async () => {
    await put(store, 'blob', bytesOf('abc'));
    const bucket = new GridFSBucket(videos());
    for await (const { _id } of bucket.find()) await bucket.delete(_id);
    await listed(store);
    expect(await bucket.find().toArray()).toEqual([]);
    await expectCode(read(store, 'blob'), 'not_found');
  });

  it('are listed each once if they are more than are read at a time', async () => {
    const ids = Array.from({ length: 520 }, (_, index) => `blob-${index}`);
    await videos()
      .collection<{ _id: string }>('fs.blobs')
      .insertMany(
        ids.map((_id) => ({
          ...{ _id, file: new ObjectId(), fence: 1, epoch: 1, status: 'growing', bytes: 0, chunkBytes: mebibyte },
          ...{ tail: null, filling: false, label },
        })),
      );
    expect((await listed(store)).map(({ id }) => id)).toEqual(ids.toSorted());
  });

  it('leave no copy behind when they are removed while they are copied', async () => {
    await put(store, 'blob', randomBytes(3 * mebibyte));
    const empty = path.join(folder, 'empty');
    await mkdir(empty);
    const { videos: copying } = await openGridFsBlobStores(client, {
      workFolder: empty,
      roomBytes: roomInFolder(empty, 3 * mebibyte),
    });
    await videos().collection('fs.chunks').deleteOne({ n: 2 });
    await expectCode(copying.localFile('blob'), 'not_found');
    expect(await readdir(empty)).toEqual([]);
    await put(store, 'other', randomBytes(3 * mebibyte));
    await using copy = await copying.localFile('other');
    expect(path.dirname(copy.path)).toBe(empty);
  });

  it('are copied as soon as a disk that was full when the store was opened has space again', async () => {
    let room = 0;
    const { videos: copying } = await openGridFsBlobStores(client, { workFolder: folder, roomBytes: async () => room });
    await put(store, 'blob', bytesOf('abc'));
    await expectCode(copying.localFile('blob'), 'disk_full');
    room = 3;
    await using copy = await copying.localFile('blob');
    expect(await readFile(copy.path, 'utf8')).toBe('abc');
  });

  it('are copied only one at a time if there is room for one', async () => {
    const { videos: copying } = await openGridFsBlobStores(client, {
      workFolder: folder,
      roomBytes: roomInFolder(folder, 3 * mebibyte),
    });
    await put(store, 'blob', randomBytes(2 * mebibyte));
    const copies = await Promise.allSettled([copying.localFile('blob'), copying.localFile('blob')]);
    expect(copies.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const copy of copies) if (copy.status === 'fulfilled') await copy.value[Symbol.asyncDispose]();
    await using again = await copying.localFile('blob');
    expect((await stat(again.path)).size).toBe(2 * mebibyte);
  });

  it('can be opened by several processes at once, which then see the same', async () => {
    const stores = await Promise.all(Array.from({ length: 5 }, open));
    await put(store, 'blob', bytesOf('abc'));
    for (const { videos: other } of stores) expect(String(await read(other, 'blob'))).toBe('abc');
  });
});

it('throws unavailable for every call within seconds while the server stands still, and goes on after that', async () => {
  const { videos: store } = await open();
  await put(store, 'finished', bytesOf('abc'));
  await store.append('growing', fence, 0, from(bytesOf('abc')), label);
  await server.freeze();
  const calls = [
    store.append('growing', fence, 3, from(bytesOf('def')), label),
    store.append('new', fence, 0, from(bytesOf('def')), label),
    store.truncate('finished', fence, 1),
    store.finish('growing', fence + 1),
    store.open('finished'),
    store.localFile('finished'),
    store.stat('finished'),
    store.remove('finished', fence),
    listed(store),
    open(),
  ];
  const outcomes = await Promise.allSettled(calls);
  server.thaw();
  for (const outcome of outcomes)
    expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'unavailable' } });

  // Some of these writes may still have been carried out.
  const { bytes = 0, finished } = (await store.stat('growing')) ?? {};
  if (finished !== true) {
    await store.append('growing', fence + 2, bytes, from(bytesOf('abcdef').subarray(bytes)), label);
    await store.finish('growing', fence + 2);
  }
  expect(String(await read(store, 'growing'))).toBe(finished === true ? 'abcdef'.slice(0, bytes) : 'abcdef');
});

// No server that the tests can have reports a full disk in this way.
it.each([14_031, 12_501])('throws disk_full for error %d of MongoDB', async (code) => {
  await expectCode(answered(Promise.reject(new MongoServerError({ message: 'full', code }))), 'disk_full');
});

// InternalError, UnknownError, WriteConflict, Interrupted. The storage engine of a server with a full disk may fail with the first.
it.each([1, 8, 112, 11_601])(
  'throws unavailable for error %d of MongoDB, which is no mistake of ours',
  async (code) => {
    await expectCode(answered(Promise.reject(new MongoServerError({ message: 'failed', code }))), 'unavailable');
  },
);
