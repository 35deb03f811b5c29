import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AppError } from '../../shared/errors.ts';
import type { BlobStore } from '../ports/blob-store.ts';
import type { ConversionStore } from '../ports/conversion-store.ts';
import { type Conversions, createConversions } from '../tests/all-sides.ts';
import { makeTestConversions, type TestConversions } from '../tests/test-conversions.ts';
import { mp3BlobId, videoBlobId } from './blob-names.ts';
import type { Intake } from './new-conversion.ts';
import type { Checksum } from './uploads/upload-piece.ts';

const intake: Intake = { fileName: 'talk.mp4', options: { format: 'mp3' } };
const owner = 'anna';
const maxVideoBytes = 1_000_000;
const full = new AppError('disk_full', 'There is no space left to store this.');

let test: TestConversions;
/** The same conversions on a disk that takes no row while it holds a blob. */
let conversions: Conversions;
beforeEach(async () => {
  test = await makeTestConversions();
  const store: ConversionStore = {
    ...test.store,
    async replace(...given) {
      if ((await blobs()).length > 0) throw full;
      return await test.store.replace(...given);
    },
  };
  conversions = otherProcess({ store });
});
afterEach(async () => {
  conversions.close();
  await test[Symbol.asyncDispose]();
});

function otherProcess(parts: { readonly store?: ConversionStore; readonly videos?: BlobStore }): Conversions {
  const mailOutbox = { async *list() {}, replace: async () => false };
  const retention = { sourceSeconds: 1000, resultSeconds: 1000 };
  return createConversions({ ...test, ...parts, mailOutbox, retention, log: pino({ level: 'silent' }) });
}

async function* bytes(...chunks: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield Buffer.from(chunk);
}

async function blobs(): Promise<readonly string[]> {
  const found: string[] = [];
  for (const store of [test.videos, test.mp3s]) for await (const { id } of store.list()) found.push(id);
  return found;
}

async function upload(): Promise<string> {
  return (await (await test.conversions.owned.receive(owner, intake, bytes('video'))).accept()).id;
}

async function convert(id: string): Promise<void> {
  const taken = await test.take(id);
  if (taken.kind !== 'work') throw new Error(`cannot be taken: ${taken.kind}`);
  const blob = mp3BlobId(taken.work.row);
  await test.mp3s.append(blob, 1, 0, bytes('mp3!'), { conversionId: id, owner, fileName: 'talk.mp3' });
  await test.mp3s.finish(blob, 1);
  await taken.work.finish({ fileName: 'talk.mp3', bytes: 4, durationSeconds: 2, sha256: 'ab', peaks: [1] }, []);
}

async function rowStates(): Promise<readonly string[]> {
  return (await test.conversions.owned.page({ owner, limit: 10 })).items.map(({ state }) => state);
}

describe('on a full disk', () => {
  it.each(['queued', 'converting', 'done', 'cancelled'])('a conversion that is %s can be removed', async (state) => {
    const id = await upload();
    if (state === 'converting') await test.take(id);
    if (state === 'done') await convert(id);
    if (state === 'cancelled') await test.conversions.owned.cancel(owner, id);
    expect((await test.store.get(id))?.state).toBe(state);
    await conversions.owned.remove(owner, id);
    expect([await blobs(), await rowStates()]).toEqual([[], []]);
  });

  it('all that have ended can be cleared', async () => {
    for (let count = 0; count < 3; count += 1) await convert(await upload());
    await conversions.owned.clear(owner);
    expect([await blobs(), await rowStates()]).toEqual([[], []]);
  });

  it('a resumable upload can be cancelled and removed', async () => {
    const ids: string[] = [];
    for (let count = 0; count < 2; count += 1) {
      const { id } = await test.conversions.uploads.create(owner, { ...intake, videoBytes: 6 });
      await test.conversions.uploads.append(owner, id, { offset: 0, maxVideoBytes }, bytes('abc'));
      ids.push(id);
    }
    const [cancelled = '', removed = ''] = ids;
    const other = otherProcess({
      store: {
        ...test.store,
        async replace(row, next) {
          if ((await test.videos.stat(videoBlobId(row))) !== undefined) throw full;
          return await test.store.replace(row, next);
        },
      },
    });
    expect((await other.owned.cancel(owner, cancelled)).state).toBe('cancelled');
    await other.owned.remove(owner, removed);
    other.close();
    expect([await blobs(), await rowStates()]).toEqual([[], ['cancelled']]);
  });

  it('keeps the video of a cancelled conversion, which can be tried again', async () => {
    const id = await upload();
    await expect(conversions.owned.cancel(owner, id)).rejects.toBe(full);
    expect([await blobs(), await rowStates()]).toEqual([[id], ['queued']]);
  });

  it('leaves nothing of a video that was sent in one request and cannot be accepted', async () => {
    const received = await conversions.owned.receive(owner, intake, bytes('video'));
    await expect(received.accept()).rejects.toBe(full);
    expect([await blobs(), await rowStates()]).toEqual([[], []]);
  });

  it('leaves nothing of a video whose sender goes away', async () => {
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('vid');
      throw new Error('gone away');
    }
    await expect(conversions.owned.receive(owner, intake, broken())).rejects.toThrow('gone away');
    expect([await blobs(), await rowStates()]).toEqual([[], []]);
  });

  it('leaves nothing of a resumable upload that cannot be accepted', async () => {
    const { id } = await conversions.uploads.create(owner, { ...intake, videoBytes: 6 });
    const append = conversions.uploads.append(owner, id, { offset: 0, maxVideoBytes }, bytes('abcdef'));
    await expect(append).rejects.toBe(full);
    expect([await blobs(), await rowStates()]).toEqual([[], []]);
  });

  it('lets everything of an account be removed', async () => {
    await upload();
    await conversions.owned.removeAll(owner);
    expect([await blobs(), await rowStates()]).toEqual([[], []]);
  });

  it('leaves nothing of an upload in one request whose process died', async () => {
    await test.conversions.owned.receive(owner, intake, bytes('video'));
    await conversions.sweeper.recover();
    expect([await blobs(), await rowStates()]).toEqual([[], []]);
  });
});

describe('a disk that fills up during a resumable upload', () => {
  const anyDigest: Checksum = { update: () => undefined, matches: () => true };

  it.each([
    ['plain', undefined],
    ['with a checksum', anyDigest],
  ])('ends it, and leaves none of its bytes (%s)', async (_, checksum) => {
    const { id } = await test.conversions.uploads.create(owner, { ...intake, videoBytes: 9 });
    await test.conversions.uploads.append(owner, id, { offset: 0, maxVideoBytes }, bytes('abc'));
    const other = otherProcess({
      videos: {
        ...test.videos,
        async append(...given) {
          await test.videos.append(given[0], given[1], given[2], bytes('de'), given[4]);
          throw full;
        },
      },
    });
    const piece = { offset: 3, maxVideoBytes, ...(checksum === undefined ? {} : { checksum }) };
    await expect(other.uploads.append(owner, id, piece, bytes('def'))).rejects.toBe(full);
    await expect(other.uploads.status(owner, id)).rejects.toMatchObject({ code: 'not_found' });
    other.close();
    expect([await blobs(), await rowStates()]).toEqual([[], []]);
    expect(test.mp3Queue.take()).toEqual([id]);
  });
});

describe('a video that does not fit', () => {
  const withRoom = (room: number): Conversions => otherProcess({ videos: { ...test.videos, room: async () => room } });

  it.each([
    [10, 11],
    [0, 0],
    [-1, 0],
  ])('is refused by a creation: room for %d bytes, %d bytes', async (room, videoBytes) => {
    const other = withRoom(room);
    const created = other.uploads.create(owner, { ...intake, videoBytes });
    await expect(created).rejects.toMatchObject({ code: 'disk_full' });
    await expect(other.owned.requireRoom(videoBytes)).rejects.toMatchObject({ code: 'disk_full' });
    other.close();
    expect(await rowStates()).toEqual([]);
  });

  it('is found again by its key if it was accepted before', async () => {
    const keyed = { ...intake, videoBytes: 10, uploadKey: 'key' };
    const { id } = await test.conversions.uploads.create(owner, keyed);
    const other = withRoom(0);
    expect((await other.uploads.create(owner, keyed)).id).toBe(id);
    await expect(other.uploads.create(owner, { ...keyed, uploadKey: 'other' })).rejects.toMatchObject({
      code: 'disk_full',
    });
    other.close();
    expect(await rowStates()).toEqual(['uploading']);
  });

  it('is accepted if it just fits', async () => {
    const other = withRoom(10);
    await other.owned.requireRoom(10);
    await other.owned.requireRoom();
    expect((await other.uploads.create(owner, { ...intake, videoBytes: 10 })).offset).toBe(0);
    other.close();
  });

  it('is announced to the store with all that is still to come', async () => {
    const expected: (number | undefined)[] = [];
    const videos: BlobStore = {
      ...test.videos,
      append(id, fence, offset, source, label, options) {
        expected.push(options?.expectedBytes);
        return test.videos.append(id, fence, offset, source, label, options);
      },
    };
    const other = otherProcess({ videos });
    const { id } = await other.uploads.create(owner, { ...intake, videoBytes: 9 });
    await other.uploads.append(owner, id, { offset: 0, pieceBytes: 3, maxVideoBytes }, bytes('abc'));
    await other.uploads.append(owner, id, { offset: 3, pieceBytes: 3, maxVideoBytes }, bytes('def'));
    const { id: deferred } = await other.uploads.create(owner, intake);
    await other.uploads.append(owner, deferred, { offset: 0, pieceBytes: 3, maxVideoBytes }, bytes('abc'));
    await (await other.owned.receive(owner, { ...intake, expectedBytes: 5 }, bytes('video'))).accept();
    other.close();
    expect(expected).toEqual([9, 6, 3, 5]);
  });
});
