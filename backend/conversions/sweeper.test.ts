import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AppError } from '../../shared/errors.ts';
import type { ConversionStore } from '../ports/conversion-store.ts';
import { makeTestConversions, type TestConversions } from '../tests/test-conversions.ts';
import type { Work } from './conversion-work.ts';
import { createConversions } from './conversions.ts';

const day = 24 * 3600;
const intake = { fileName: 'talk.mp4', options: { format: 'mp3' } } as const;
const result = { fileName: 'talk.mp3', bytes: 4, durationSeconds: 2, sha256: 'ab', peaks: [] };

/** What the conversions of a second process need besides the stores. */
const quiet = {
  mailOutbox: { async *list() {}, replace: async () => false },
  retention: { sourceSeconds: day, resultSeconds: 30 * day },
  log: pino({ level: 'silent' }),
};

let test: TestConversions;
let held: Work[];
beforeEach(async () => {
  test = await makeTestConversions();
  held = [];
});
afterEach(async () => {
  for (const work of held) await work[Symbol.asyncDispose]();
  await test[Symbol.asyncDispose]();
});

async function* bytes(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

async function upload(): Promise<string> {
  const received = await test.conversions.owned.receive('anna', intake, bytes('video'));
  return (await received.accept()).id;
}

async function take(id: string): Promise<Work> {
  const taken = await test.conversions.work.take(id);
  if (taken.kind !== 'work') throw new Error(`cannot be taken: ${taken.kind}`);
  held.push(taken.work);
  return taken.work;
}

async function rounds(count: number): Promise<void> {
  for (let round = 0; round < count; round += 1) {
    await test.conversions.sweeper.round();
    test.pass(5);
  }
}

async function videos(): Promise<readonly string[]> {
  const found = [];
  for await (const { id } of test.videos.list()) found.push(id);
  return found.sort();
}

describe('the sweeper', () => {
  it('takes over from a converter whose lease stood still for 15 seconds, and not sooner', async () => {
    const id = await upload();
    const work = await take(id);
    test.videoQueue.take();
    await rounds(3);
    expect((await test.store.get(id))?.state).toBe('converting');
    await rounds(1);
    expect(await test.store.get(id)).toMatchObject({ state: 'queued', attempt: 2, lostLeases: 1 });
    expect(test.videoQueue.take()).toEqual([id]);
    expect(await work.finish(result, [])).toBe(false);
  });

  it('leaves a converter alone that renews its lease', async () => {
    const id = await upload();
    const work = await take(id);
    for (let round = 0; round < 10; round += 1) {
      await rounds(2);
      await work.noteSource({ tracks: [] });
    }
    expect(await test.store.get(id)).toMatchObject({ state: 'converting', attempt: 1 });
  });

  it('gives up a video that every converter was lost over', async () => {
    const id = await upload();
    for (let lost = 0; lost < 100; lost += 1) {
      await take(id);
      await test.conversions.sweeper.recover();
    }
    expect(await test.store.get(id)).toMatchObject({ state: 'failed', error: { code: 'converter_failed' } });
    expect(test.mp3Queue.take()).toContain(id);
  });

  it('tells the notifiers again of an end that nobody was told of, once a minute', async () => {
    const id = await upload();
    test.mp3Queue.down = true;
    await (await take(id)).finish(result, []);
    test.mp3Queue.down = false;
    await rounds(12);
    expect(test.mp3Queue.take()).toEqual([]);
    await rounds(12);
    expect(test.mp3Queue.take()).toEqual([id]);
    await rounds(12);
    expect(test.mp3Queue.take()).toEqual([id]);
  });

  it('publishes one message a minute for a batch that was not told of, however many of it have ended', async () => {
    const owners = ['anna', 'anna', 'anna', 'bert'];
    const batch = { batchId: 'batch', batchSize: 10 };
    const file = { fileName: 'a.mp4', path: '/a.mp4', bytes: 1, options: { format: 'mp3' } as const };
    const ids: string[] = [];
    for (const owner of owners) {
      const { id } = await test.conversions.owned.submitFile(owner, { ...file, ...batch });
      await (await take(id)).finish(result, []);
      ids.push(id);
    }
    test.mp3Queue.take();
    await rounds(13);
    expect(test.mp3Queue.take()).toEqual([ids[0], ids[3]]);
  });

  it('publishes one message a minute for the conversions that wait, for the oldest that may be taken', async () => {
    const early = await upload();
    const ids = [await upload(), await upload()];
    await (await take(early)).release(90);
    test.videoQueue.take();
    await rounds(13);
    expect(test.videoQueue.take()).toEqual([ids[0]]);
    await rounds(12);
    expect(test.videoQueue.take()).toEqual([early]);
  });

  it('reads no whole row to look at those that are as they should be', async () => {
    await take(await upload());
    await upload();
    let reads = 0;
    const store: ConversionStore = {
      ...test.store,
      async get(id) {
        reads += 1;
        return await test.store.get(id);
      },
    };
    const { sweeper, close } = createConversions({ ...test, store, ...quiet });
    for (let round = 0; round < 3; round += 1) await sweeper.round();
    await sweeper.tidy();
    close();
    expect(reads).toBe(0);
  });

  it('takes everything over at once after a start, and fills the queues', async () => {
    const ids = [await upload(), await upload(), await upload()];
    await take(ids[1] ?? '');
    await (await take(ids[2] ?? '')).finish(result, []);
    await test.conversions.owned.receive('anna', intake, bytes('half of it'));
    test.videoQueue.take();
    test.mp3Queue.take();
    await test.conversions.sweeper.recover();
    expect(new Set(test.videoQueue.take())).toEqual(new Set([ids[0], ids[1]]));
    expect(test.mp3Queue.take()).toEqual([ids[2]]);
    expect(await videos()).toEqual([ids[0], ids[1]]);
    expect((await test.conversions.owned.page({ owner: 'anna', limit: 10 })).items).toHaveLength(3);
  });

  it('removes files that no row wants, and no others', async () => {
    const id = await upload();
    const label = { conversionId: id, owner: 'anna', fileName: 'x' };
    await test.videos.append('nobody-knows-it', 1, 0, bytes('x'), label);
    await test.mp3s.append('nobody-knows-it-1', 1, 0, bytes('x'), label);
    await test.mp3s.append(`${id}-1`, 1, 0, bytes('x'), label);
    await test.conversions.sweeper.tidy();
    expect(await videos()).toEqual([id]);
    expect(await test.mp3s.stat('nobody-knows-it-1')).toBeUndefined();
    expect(await test.mp3s.stat(`${id}-1`)).toBeDefined();
  });

  it('keeps the video of a failed one for a day, after which it cannot be retried', async () => {
    const id = await upload();
    await (await take(id)).fail(new AppError('no_audio', 'There is no sound in it.'));
    test.pass(day - 60);
    await test.conversions.sweeper.tidy();
    expect(await videos()).toEqual([id]);
    test.pass(120);
    await test.conversions.sweeper.tidy();
    expect(await videos()).toEqual([]);
    await expect(test.conversions.owned.retry('anna', id)).rejects.toMatchObject({ code: 'gone' });
  });

  it('removes an MP3 when its time is over, and the row a week after that', async () => {
    const id = await upload();
    const work = await take(id);
    await test.mp3s.append(`${id}-1`, 1, 0, bytes('mp3'), { conversionId: id, owner: 'anna', fileName: 'x' });
    await test.mp3s.finish(`${id}-1`, 1);
    await work.finish(result, []);
    test.pass(30 * day - 60);
    await test.conversions.sweeper.tidy();
    expect((await test.conversions.owned.get('anna', id)).state).toBe('done');
    test.pass(120);
    await test.conversions.sweeper.tidy();
    await expect(test.conversions.owned.get('anna', id)).rejects.toMatchObject({ code: 'not_found' });
    expect(await test.mp3s.stat(`${id}-1`)).toBeUndefined();
    expect(await test.store.get(id)).toBeDefined();
    test.pass(8 * day);
    await test.conversions.sweeper.tidy();
    expect(await test.store.get(id)).toBeUndefined();
  });
});
