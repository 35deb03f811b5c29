import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AppError } from '../../shared/errors.ts';
import type { ConversionStore } from '../ports/conversion-store.ts';
import type { LeaseStore } from '../ports/lease-store.ts';
import { createConversions } from '../tests/all-sides.ts';
import { waitUntil } from '../tests/running/wait-until.ts';
import { makeTestConversions, type TestConversions, tidyForAnHour } from '../tests/test-conversions.ts';
import type { Work } from './conversion-work.ts';

const hour = 3600;
const day = 24 * hour;
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
  const taken = await test.take(id);
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
  it('takes over from a converter whose lease has not changed for 15 seconds, and not sooner', async () => {
    const id = await upload();
    await rounds(1);
    const work = await take(id);
    await work[Symbol.asyncDispose]();
    test.videoQueue.take();
    await rounds(3);
    expect((await test.store.get(id))?.state).toBe('converting');
    await rounds(1);
    expect(await test.store.get(id)).toMatchObject({ state: 'queued', attempt: 2, lostLeases: 1 });
    expect(test.videoQueue.take()).toEqual([id]);
    expect(await work.finish(result, [])).toBe(false);
  });

  it('does not take over right after the store took no writes, because no converter could renew its lease either', async () => {
    const id = await upload();
    const work = await take(id);
    await rounds(3);
    const away = new AppError('unavailable', 'The database cannot be reached.');
    const replace = vi.spyOn(test.store, 'replace').mockRejectedValueOnce(away);
    await test.conversions.sweeper.round();
    expect(test.skippedItems).toEqual([`conversion ${id}`]);
    replace.mockRestore();
    test.pass(5);
    await rounds(3);
    expect(await work.finish(result, [])).toBe(true);
  });

  it('does not take over from a converter that renews its lease', async () => {
    const id = await upload();
    const work = await take(id);
    for (let round = 0; round < 10; round += 1) {
      await rounds(2);
      await work.noteSource({ tracks: [] });
    }
    expect(await test.store.get(id)).toMatchObject({ state: 'converting', attempt: 1 });
  });

  it('does not take over from a converter that renews its lease just before', async () => {
    const id = await upload();
    const work = await take(id);
    await rounds(3);
    const { replace } = test.store;
    vi.spyOn(test.store, 'replace').mockImplementationOnce(async (...given) => {
      await work.noteSource({ tracks: [] });
      return await replace(...given);
    });
    await rounds(1);
    expect(await test.store.get(id)).toMatchObject({ state: 'converting', attempt: 1 });
    expect(await work.finish(result, [])).toBe(true);
  });

  it('fails a video over which 20 converters were lost, and adds a dead letter that names it', async () => {
    const id = await upload();
    const other = await upload();
    await rounds(1);
    for (let lost = 1; lost <= 20; lost += 1) {
      expect(await test.store.get(id)).toMatchObject({ state: 'queued', attempt: lost });
      await (await take(id))[Symbol.asyncDispose]();
      await rounds(4);
    }
    const error = { code: 'converter_failed', message: 'The converter stopped each time it tried this video.' };
    expect(await test.store.get(id)).toMatchObject({ state: 'failed', attempt: 20, error });
    expect(test.mp3Queue.take()).toEqual([id]);
    const cause = '20 converters were lost while they worked on it.';
    expect(await test.videoQueue.deadLetters()).toMatchObject([{ conversionId: id, cause }]);
    expect(await (await take(other)).finish(result, [])).toBe(true);
  });

  it('keeps a video whose converter was stopped, or was lost with everything else, however often', async () => {
    const id = await upload();
    for (let restart = 1; restart <= 50; restart += 1) {
      await (await take(id))[Symbol.asyncDispose]();
      // As after the start of a process that has the data folder to itself.
      await test.conversions.sweeper.recover();
    }
    for (let restart = 1; restart <= 50; restart += 1) {
      await (await take(id))[Symbol.asyncDispose]();
      // As after a restart of all services of a cluster.
      const { sweeper, close } = createConversions({ ...test, ...quiet });
      for (let round = 0; round < 4; round += 1) {
        await sweeper.round();
        test.pass(5);
      }
      close();
    }
    expect(await test.store.get(id)).toMatchObject({ state: 'queued', attempt: 101, lostLeases: 0 });
    for (let stop = 1; stop <= 50; stop += 1) await (await take(id)).release(0);
    expect(await test.store.get(id)).toMatchObject({ state: 'queued', attempt: 101, lostLeases: 0 });
    expect(await test.videoQueue.deadLetters()).toEqual([]);
  });

  it('keeps videos whose converters were all lost at the same moment', async () => {
    const ids = [await upload(), await upload()];
    const others = [createConversions({ ...test, ...quiet }), createConversions({ ...test, ...quiet })];
    for (let restart = 1; restart <= 25; restart += 1) {
      for (const { work } of others) {
        const taken = await work.take();
        if (taken.kind === 'work') held.push(taken.work);
      }
      await rounds(1);
      for (const work of held.splice(0)) {
        await work.noteSource({ tracks: [] });
        await work[Symbol.asyncDispose]();
      }
      await rounds(4);
    }
    for (const { close } of others) close();
    for (const id of ids) expect(await test.store.get(id)).toMatchObject({ state: 'queued', lostLeases: 0 });
  });

  it('publishes a ticket again for an end that is in no notification, once a minute', async () => {
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

  it('reads no whole row to check those that need no repair', async () => {
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

  it('publishes tickets once a minute while rows wait, as many as the queue accepts', async () => {
    const ids = [await upload(), await upload(), await upload()];
    test.videoQueue.take();
    await rounds(12);
    expect(test.videoQueue.take()).toEqual([]);
    await rounds(1);
    expect(test.videoQueue.take()).toEqual(ids);
    test.videoQueue.room = 2;
    await rounds(12);
    expect(test.videoQueue.take()).toEqual(ids.slice(0, 2));
    for (const id of ids) await take(id);
    test.videoQueue.take();
    await rounds(3);
    await Promise.all(held.map((work) => work.noteSource({ tracks: [] })));
    test.pass(60);
    await test.conversions.sweeper.round();
    expect(test.videoQueue.take()).toEqual([]);
  });

  it('publishes no ticket for a row before it is due', async () => {
    const id = await upload();
    await (await take(id)).release(90);
    test.videoQueue.take();
    test.pass(60);
    await test.conversions.sweeper.round();
    expect(test.videoQueue.take()).toEqual([]);
    test.pass(60);
    await test.conversions.sweeper.round();
    expect(test.videoQueue.take()).toEqual([id]);
  });

  it('publishes a ticket for a row that was delayed before the clock was put back', async () => {
    const id = await upload();
    await (await take(id)).release(30);
    test.videoQueue.take();
    test.jump(-hour);
    test.pass(60);
    await test.conversions.sweeper.round();
    expect(test.videoQueue.take()).toEqual([id]);
    expect(await test.conversions.work.take()).toMatchObject({ kind: 'work', work: { row: { id } } });
  });

  it('publishes one ticket for the notifiers, however many batches have no notification', async () => {
    for (let index = 0; index < 5; index += 1) {
      const batch = { batchId: `batch ${index % 2}`, batchSize: 10 };
      const received = await test.conversions.owned.receive('anna', { ...intake, ...batch }, bytes('video'));
      await (await take((await received.accept()).id)).finish(result, []);
    }
    test.mp3Queue.take();
    test.pass(60);
    await test.conversions.sweeper.round();
    expect(test.mp3Queue.take()).toHaveLength(1);
  });

  it('takes over everything at once after a start', async () => {
    const ids = [await upload(), await upload(), await upload()];
    await take(ids[1] ?? '');
    await (await take(ids[2] ?? '')).finish(result, []);
    await test.conversions.owned.receive('anna', intake, bytes('half of it'));
    test.videoQueue.take();
    test.mp3Queue.take();
    await test.conversions.sweeper.recover();
    await test.conversions.sweeper.tidy();
    const states = await Promise.all(ids.map(async (id) => (await test.store.get(id))?.state));
    expect(states).toEqual(['queued', 'queued', 'done']);
    expect(await videos()).toEqual([ids[0], ids[1]]);
    expect((await test.conversions.owned.page({ owner: 'anna', limit: 10 })).items).toHaveLength(3);
  });

  it('does not keep a server from starting if the rows cannot be read', async () => {
    const scan = vi.spyOn(test.store, 'scan').mockImplementation(async function* () {
      yield* [];
      throw new AppError('unavailable', 'The database cannot be reached.');
    });
    const { sweeper, close } = createConversions({ ...test, ...quiet });
    await sweeper.recover();
    expect(test.skippedItems).toEqual(['round sweeper']);
    scan.mockRestore();
    close();
  });

  it('reads only the rows that were in progress before it serves, however long the history is', async () => {
    const read: string[] = [];
    const store = new Proxy(test.store, {
      get(from, name: keyof ConversionStore) {
        if (name !== 'scan') read.push(name);
        const { scan } = from;
        if (name !== 'scan') return from[name];
        return (kind: Parameters<typeof scan>[0]) => {
          read.push(`scan ${kind}`);
          return scan(kind);
        };
      },
    });
    await (await take(await upload())).finish(result, []);
    const { sweeper, close } = createConversions({ ...test, store, ...quiet });
    await sweeper.recover();
    expect(read).toEqual(['scan working']);
    close();
  });

  it('removes files that no row needs, and no others', async () => {
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

  it('keeps the video of a failed conversion for a day, after which it cannot be retried', async () => {
    const id = await upload();
    await (await take(id)).fail(new AppError('no_audio', 'There is no sound in it.'));
    test.pass(day - 60);
    await test.conversions.sweeper.tidy();
    expect(await videos()).toEqual([id]);
    test.pass(120);
    await tidyForAnHour(test);
    expect(await videos()).toEqual([]);
    await expect(test.conversions.owned.retry('anna', id)).rejects.toMatchObject({ code: 'gone' });
  });

  it('removes an MP3 when it expires, and the row a week after that', async () => {
    const id = await upload();
    const work = await take(id);
    await test.mp3s.append(`${id}-1`, 1, 0, bytes('mp3'), { conversionId: id, owner: 'anna', fileName: 'x' });
    await test.mp3s.finish(`${id}-1`, 1);
    await work.finish(result, []);
    test.pass(30 * day - 60);
    await test.conversions.sweeper.tidy();
    expect((await test.conversions.owned.get('anna', id)).state).toBe('done');
    test.pass(120);
    await tidyForAnHour(test);
    await expect(test.conversions.owned.get('anna', id)).rejects.toMatchObject({ code: 'not_found' });
    expect(await test.mp3s.stat(`${id}-1`)).toBeUndefined();
    expect(await test.store.get(id)).toBeDefined();
    test.pass(8 * day);
    await tidyForAnHour(test);
    expect(await test.store.get(id)).toBeUndefined();
  });
});

describe('a sweeper whose clock jumps', () => {
  async function finished(): Promise<string> {
    const id = await upload();
    const work = await take(id);
    await test.mp3s.append(`${id}-1`, 1, 0, bytes('mp3'), { conversionId: id, owner: 'anna', fileName: 'x' });
    await test.mp3s.finish(`${id}-1`, 1);
    await work.finish(result, []);
    return id;
  }

  async function tidyHourly(count: number): Promise<void> {
    for (let pass = 0; pass < count; pass += 1) {
      test.pass(hour);
      await test.conversions.sweeper.round();
      await test.conversions.sweeper.tidy();
    }
  }

  it('keeps an upload under way when it goes 25 hours ahead for some rounds', async () => {
    const { id } = await test.conversions.uploads.create('anna', { ...intake, videoBytes: 10 });
    const piece = { offset: 0, maxVideoBytes: 10 };
    await test.conversions.uploads.append('anna', id, piece, bytes('video'));
    await tidyHourly(3);
    test.jump(25 * hour);
    await rounds(100);
    test.jump(-25 * hour);
    await rounds(2);
    expect(await test.conversions.uploads.status('anna', id)).toMatchObject({ offset: 5 });
    await tidyHourly(26);
    await expect(test.conversions.uploads.status('anna', id)).rejects.toMatchObject({ code: 'not_found' });
  });

  it.each([0, 3])(
    'keeps MP3s, videos and removals when it goes 31 days ahead for one tidying, %i hours after its start',
    async (hours) => {
      const id = await finished();
      const failed = await upload();
      await (await take(failed)).fail(new AppError('no_audio', 'There is no sound in it.'));
      const removed = await upload();
      await test.conversions.owned.remove('anna', removed);
      await tidyHourly(hours);
      test.jump(31 * day);
      await test.conversions.sweeper.tidy();
      test.jump(-31 * day);
      await tidyHourly(2);
      expect((await test.conversions.owned.get('anna', id)).state).toBe('done');
      expect(await test.mp3s.stat(`${id}-1`)).toBeDefined();
      expect((await test.conversions.owned.retry('anna', failed)).state).toBe('queued');
      expect(await test.store.get(removed)).toBeDefined();
    },
  );

  it('removes what has been expired for an hour', async () => {
    const id = await finished();
    await test.conversions.sweeper.tidy();
    test.jump(31 * day);
    await tidyHourly(1);
    expect((await test.conversions.owned.get('anna', id)).state).toBe('done');
    await tidyHourly(1);
    await expect(test.conversions.owned.get('anna', id)).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('a notification', () => {
  it('is removed with the MP3s that it is about, unless its mail is still to be sent', async () => {
    const { sweeper, batches, notifications } = test.conversions;
    const list = async () => (await notifications.page({ owner: 'anna', limit: 10 })).items.length;
    await (await take(await upload())).finish(result, []);
    await batches.tellOfEnds();
    await sweeper.tidy();
    test.pass(30 * day - 60);
    await tidyForAnHour(test);
    expect(await list()).toBe(1);
    test.pass(hour);
    await sweeper.tidy();
    expect(await list()).toBe(0);
  });
});

describe('a running sweeper', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('begins no round while one hangs, and looks at no more rows once it stops', async () => {
    const ids = [await upload(), await upload()];
    for (const id of ids) await take(id);
    const { promise: gate, resolve: open } = Promise.withResolvers<void>();
    let scans = 0;
    let reads = 0;
    const store: ConversionStore = {
      ...test.store,
      async *scan(kind) {
        scans += 1;
        await gate;
        for await (const row of test.store.scan(kind)) {
          reads += 1;
          yield row;
        }
      },
    };
    const { sweeper, close } = createConversions({ ...test, store, ...quiet });
    const running = sweeper.start();
    vi.advanceTimersByTime(31_000);
    await waitUntil('a round has begun', () => scans > 0);
    vi.advanceTimersByTime(31_000);
    expect(scans).toBe(1);
    const stopped = running.stop();
    open();
    await stopped;
    expect([scans, reads]).toEqual([1, 1]);
    close();
  });
});

describe('two sweepers over one store', () => {
  beforeEach(() => {
    // The test decides when rounds and renewals happen.
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('tidy one at a time, and one takes over if the process of the other is frozen', async () => {
    await test.videos.append('nobody-knows-it', 1, 0, bytes('x'), { conversionId: 'x', owner: 'anna', fileName: 'x' });
    const stopped = Promise.withResolvers<void>();
    const never = new Promise<never>(() => undefined);
    let isFrozen = false;
    const frozen = createConversions({
      ...test,
      ...quiet,
      videos: {
        ...test.videos,
        async *list() {
          isFrozen = true;
          stopped.resolve();
          yield await never;
        },
      },
      leases: {
        read: (name) => (isFrozen ? never : test.leases.read(name)),
        raise: (name, counter, held) => (isFrozen ? never : test.leases.raise(name, counter, held)),
      },
    });
    void frozen.sweeper.tidy();
    await stopped.promise;

    let looks = 0;
    const leases: LeaseStore = {
      ...test.leases,
      async read(name) {
        const state = await test.leases.read(name);
        looks += 1;
        return state;
      },
    };
    const other = createConversions({ ...test, ...quiet, leases });
    await other.sweeper.tidy();
    expect(await videos()).toEqual(['nobody-knows-it']);
    const running = other.sweeper.start();
    for (let look = 0; look < 4; look += 1) {
      const before = looks;
      test.pass(5);
      vi.advanceTimersByTime(5000);
      await waitUntil('it has looked at the lease', () => looks > before);
    }
    await waitUntil('the other has tidied', async () => (await videos()).length === 0);
    await running.stop();
    other.close();
    frozen.close();
  });
});
