import { buffer } from 'node:stream/consumers';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AppError } from '../../shared/errors.ts';
import { exampleEnded } from '../ports/conversion-examples.ts';
import type { ConversionStore } from '../ports/conversion-store.ts';
import { createConversions } from '../tests/all-sides.ts';
import { makeTestConversions, type TestConversions } from '../tests/test-conversions.ts';
import { mp3BlobId } from './blob-names.ts';
import type { Intake } from './new-conversion.ts';

const intake: Intake = { fileName: 'talk.mp4', options: { format: 'mp3' } };
const label = { conversionId: 'c', owner: 'anna', fileName: 'talk.mp4' };

let test: TestConversions;
beforeEach(async () => {
  test = await makeTestConversions();
});
afterEach(async () => {
  await test[Symbol.asyncDispose]();
});

async function* bytes(...chunks: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield Buffer.from(chunk);
}

async function upload(owner: string, more: Partial<Intake> = {}): Promise<string> {
  const received = await test.conversions.owned.receive(owner, { ...intake, ...more }, bytes('vid', 'eo'));
  return (await received.accept()).id;
}

async function convert(id: string): Promise<void> {
  const taken = await test.take(id);
  if (taken.kind !== 'work') throw new Error(`cannot be taken: ${taken.kind}`);
  const blob = mp3BlobId(taken.work.row);
  await test.mp3s.append(blob, 1, 0, bytes('mp3!'), label);
  await test.mp3s.finish(blob, 1);
  const result = { fileName: 'talk.mp3', bytes: 4, durationSeconds: 2, sha256: 'ab', peaks: [1, 2] };
  expect(await taken.work.finish(result, [])).toBe(true);
}

async function fail(id: string): Promise<void> {
  const taken = await test.take(id);
  if (taken.kind !== 'work') throw new Error(`cannot be taken: ${taken.kind}`);
  await taken.work.fail(new AppError('no_audio', 'There is no sound in this video.'));
}

async function blobs(): Promise<readonly string[]> {
  const found = [];
  for await (const { id } of test.videos.list()) found.push(`video ${id}`);
  for await (const { id } of test.mp3s.list()) found.push(`mp3 ${id}`);
  return found;
}

describe('an upload', () => {
  it('is queued, published and announced once it is accepted, and not before', async () => {
    const received = await test.conversions.owned.receive('anna', intake, bytes('vid', 'eo'));
    expect(received.bytes).toBe(5);
    expect(test.videoQueue.take()).toEqual([]);
    const conversion = await received.accept();
    expect(conversion).toMatchObject({ state: 'queued', sourceBytes: 5, attempt: 1, position: 0, warnings: [] });
    expect(test.videoQueue.take()).toEqual([conversion.id]);
    expect(test.told.map((event) => event.type === 'conversion' && event.conversion.state)).toEqual([
      'uploading',
      'queued',
    ]);
  });

  it('is accepted even if the queue cannot be reached, and published later by the sweeper', async () => {
    test.videoQueue.down = true;
    const id = await upload('anna');
    test.videoQueue.down = false;
    for (let look = 0; look < 14; look += 1) {
      await test.conversions.sweeper.round();
      test.pass(5);
    }
    expect(test.videoQueue.take()).toEqual([id]);
  });

  it('leaves nothing behind when it is abandoned', async () => {
    const received = await test.conversions.owned.receive('anna', intake, bytes('video'));
    await received.abandon();
    expect(await blobs()).toEqual([]);
    expect((await test.conversions.owned.page({ owner: 'anna', limit: 10 })).items).toEqual([]);
  });

  it('leaves nothing behind when its source fails, and throws the reason', async () => {
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('vi');
      throw new AppError('bad_request', 'The upload broke off.');
    }
    await expect(test.conversions.owned.receive('anna', intake, broken())).rejects.toMatchObject({
      code: 'bad_request',
    });
    expect(await blobs()).toEqual([]);
    expect((await test.conversions.owned.page({ owner: 'anna', limit: 10 })).items).toEqual([]);
  });

  it('ends when its owner cancels it before it is complete', async () => {
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) {
        yield Buffer.alloc(10);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    }
    const receiving = test.conversions.owned.receive('anna', intake, endless());
    receiving.catch(() => undefined);
    let id: string | undefined;
    while (id === undefined) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      id = (await test.conversions.owned.page({ owner: 'anna', limit: 1 })).items[0]?.id;
    }
    await test.conversions.owned.cancel('anna', id);
    await expect(receiving).rejects.toMatchObject({ code: 'cancelled' });
    expect(await blobs()).toEqual([]);
    await expect(test.conversions.owned.retry('anna', id)).rejects.toMatchObject({ code: 'gone' });
  });

  it('is removed by its owner while it runs without a warning', async () => {
    const logged: string[] = [];
    const log = pino({ level: 'warn' }, { write: (line: string) => void logged.push(line) });
    await using watched = await makeTestConversions({ log });
    const { owned } = watched.conversions;
    const stored = Promise.withResolvers<void>();
    async function* waiting(): AsyncGenerator<Uint8Array> {
      yield Buffer.alloc(10);
      stored.resolve();
      await new Promise(() => undefined);
    }
    const receiving = owned.receive('anna', intake, waiting()).catch((error: unknown) => error);
    await stored.promise;
    const [{ id } = { id: '' }] = (await owned.page({ owner: 'anna', limit: 1 })).items;
    await owned.remove('anna', id);
    expect(await receiving).toMatchObject({ code: 'cancelled' });
    expect(await watched.videos.stat(id)).toBeUndefined();
    expect(logged).toEqual([]);
  });

  it('that is cancelled just before it is accepted is not queued', async () => {
    const received = await test.conversions.owned.receive('anna', intake, bytes('video'));
    const [{ id } = { id: '' }] = (await test.conversions.owned.page({ owner: 'anna', limit: 1 })).items;
    await test.conversions.owned.cancel('anna', id);
    await expect(received.accept()).rejects.toMatchObject({ code: 'cancelled' });
    expect(await blobs()).toEqual([]);
    expect(test.videoQueue.take()).toEqual([]);
  });
});

describe('a conversion', () => {
  it('keeps its MP3 and removes its video once it is done', async () => {
    const id = await upload('anna');
    await convert(id);
    const conversion = await test.conversions.owned.get('anna', id);
    expect(conversion).toMatchObject({ state: 'done', progress: 1, peaks: [1, 2], durationSeconds: 2 });
    expect(await blobs()).toEqual([`mp3 ${id}-1`]);
    const stream = await test.conversions.owned.openResult('anna', id, { start: 1, end: 3 });
    expect((await buffer(stream)).toString()).toBe('p3');
  });

  it('leaves the peaks out of lists and events', async () => {
    await convert(await upload('anna'));
    const { items } = await test.conversions.owned.page({ owner: 'anna', limit: 10 });
    expect(JSON.stringify([items, test.told])).not.toContain('peaks');
  });

  it('has a position: how many go before it', async () => {
    const ids = [await upload('anna'), await upload('bert'), await upload('anna')];
    const positions = await Promise.all(
      ids.map(async (id, index) => (await test.conversions.owned.get(index === 1 ? 'bert' : 'anna', id)).position),
    );
    expect(positions).toEqual([0, 1, 2]);
  });

  it('shares one query for positions with the others of its page', async () => {
    const ids = [await upload('anna'), await upload('anna'), await upload('anna')];
    const queuePositions = vi.fn(test.store.queuePositions);
    const retention = { sourceSeconds: 1, resultSeconds: 1 };
    const mailOutbox = { list: () => (async function* () {})(), replace: async () => false };
    const { owned, close } = createConversions({
      ...test,
      store: { ...test.store, queuePositions },
      mailOutbox,
      log: pino({ level: 'silent' }),
      retention,
    });
    const { items } = await owned.page({ owner: 'anna', limit: 10 });
    close();
    expect(items.map(({ id, position }) => [id, position])).toEqual(ids.map((id, index) => [id, index]).reverse());
    expect(queuePositions).toHaveBeenCalledTimes(1);
  });

  it('shows the latest published progress', async () => {
    const id = await upload('anna');
    const taken = await test.take(id);
    if (taken.kind !== 'work') throw new Error(taken.kind);
    expect(await test.conversions.owned.get('anna', id)).toMatchObject({ progress: 0 });
    taken.work.noteProgress({ progress: 0.25, etaSeconds: 3, speed: 100 });
    await Promise.resolve();
    expect(await test.conversions.owned.get('anna', id)).toMatchObject({ progress: 0.25, etaSeconds: 3 });
    await taken.work.release(0);
    expect(await test.conversions.owned.get('anna', id)).toMatchObject({ state: 'queued', progress: 0 });
  });

  it('waits if its converter gives it back with a delay, without losing an attempt', async () => {
    const id = await upload('anna');
    const first = await test.take(id);
    if (first.kind === 'work') await first.work.release(30);
    expect(await test.take(id)).toEqual({ kind: 'later', id, delaySeconds: 30 });
    test.pass(31);
    const second = await test.take(id);
    expect(second).toMatchObject({ kind: 'work', work: { row: { attempt: 1 } } });
  });

  it('is taken once, however many converters try at the same moment', async () => {
    await upload('anna');
    const taken = await Promise.all([1, 2, 3, 4].map(() => test.conversions.work.take()));
    expect(taken.map(({ kind }) => kind).sort()).toEqual(['nothing', 'nothing', 'nothing', 'work']);
  });

  it('tells its converter at once that it was cancelled, and refuses all its further writes', async () => {
    const id = await upload('anna');
    const taken = await test.take(id);
    if (taken.kind !== 'work') throw new Error(taken.kind);
    const told = new Promise((resolve) => taken.work.signal.addEventListener('abort', resolve, { once: true }));
    await test.conversions.owned.cancel('anna', id);
    await told;
    expect(taken.work.signal.reason).toMatchObject({ code: 'cancelled' });
    const result = { fileName: 'talk.mp3', bytes: 4, durationSeconds: 2, sha256: 'ab', peaks: [] };
    expect(await taken.work.finish(result, [])).toBe(false);
    expect((await test.conversions.owned.get('anna', id)).state).toBe('cancelled');
  });

  it('can be retried after a failure, with other options, and ends again', async () => {
    const id = await upload('anna');
    await fail(id);
    expect(await test.conversions.owned.get('anna', id)).toMatchObject({
      state: 'failed',
      error: { code: 'no_audio' },
    });
    const again = await test.conversions.owned.retry('anna', id, { format: 'mp3', bitrateKbps: 128 });
    expect(again).toMatchObject({ state: 'queued', attempt: 2, options: { bitrateKbps: 128 } });
    expect(again).not.toHaveProperty('error');
    await convert(id);
    expect(await blobs()).toEqual([`mp3 ${id}-2`]);
  });

  it('cannot be cancelled or retried once it is done', async () => {
    const id = await upload('anna');
    await convert(id);
    await expect(test.conversions.owned.cancel('anna', id)).rejects.toMatchObject({ code: 'wrong_state' });
    await expect(test.conversions.owned.retry('anna', id)).rejects.toMatchObject({ code: 'wrong_state' });
  });

  it('is removed with its files, and cancelled first if it has not ended', async () => {
    const done = await upload('anna');
    await convert(done);
    const queued = await upload('anna');
    await test.conversions.owned.remove('anna', done);
    await test.conversions.owned.remove('anna', queued);
    expect(await blobs()).toEqual([]);
    await expect(test.conversions.owned.get('anna', done)).rejects.toMatchObject({ code: 'not_found' });
    await expect(test.conversions.owned.remove('anna', done)).rejects.toMatchObject({ code: 'not_found' });
    expect(test.told.at(-1)).toEqual({ type: 'removed', ids: [queued] });
  });

  it('stays when ended conversions are cleared and it has not ended', async () => {
    const done = await upload('anna');
    await convert(done);
    const running = await upload('anna');
    const others = await upload('bert');
    await convert(others);
    await test.conversions.owned.clear('anna');
    expect((await test.conversions.owned.page({ owner: 'anna', limit: 10 })).items.map(({ id }) => id)).toEqual([
      running,
    ]);
    expect((await test.conversions.owned.get('bert', others)).state).toBe('done');
  });

  it('is cleared together with the others of its page, so that a store makes all their writes durable at once', async () => {
    const rows = Array.from({ length: 120 }, () => exampleEnded('done', { batchId: 'b' }));
    await Promise.all(rows.map((row) => test.store.insert(row)));
    let writing = 0;
    let most = 0;
    const replace: ConversionStore['replace'] = async (...given) => {
      writing += 1;
      most = Math.max(most, writing);
      const written = await test.store.replace(...given);
      writing -= 1;
      return written;
    };
    const retention = { sourceSeconds: 1, resultSeconds: 1 };
    const nobodyIsMailed = { list: () => (async function* () {})(), replace: async () => false };
    const store = { ...test.store, replace };
    const { owned, close } = createConversions({
      ...test,
      store,
      mailOutbox: nobodyIsMailed,
      log: pino({ level: 'silent' }),
      retention,
    });
    await owned.clear('anna');
    close();
    expect(most).toBeGreaterThan(1);
    expect((await owned.page({ owner: 'anna', limit: 10 })).items).toEqual([]);
  });

  it('is not found by any method for another owner', async () => {
    const id = await upload('anna');
    await convert(id);
    const { owned } = test.conversions;
    const asked = (who: string, what: string) => [
      owned.get(who, what),
      owned.cancel(who, what),
      owned.retry(who, what),
      owned.remove(who, what),
      owned.result(who, what),
      owned.openResult(who, what),
      owned.resultFile(who, what),
    ];
    const answers = await Promise.allSettled([...asked('bert', id), ...asked('bert', 'never-was')]);
    const reasons = new Set(
      answers.map((answer) => (answer.status === 'rejected' ? String(answer.reason) : 'answered')),
    );
    expect([...reasons]).toEqual(['AppError: There is no such conversion.']);
    expect((await owned.page({ owner: 'bert', limit: 10 })).items).toEqual([]);
    expect((await owned.get('anna', id)).state).toBe('done');
  });
});
