import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AppError } from '../../shared/errors.ts';
import { makeTestConversions, type TestConversions } from '../tests/test-conversions.ts';
import type { Work } from './conversion-work.ts';

const owner = 'anna';
const intake = { fileName: 'talk.mp4', options: { format: 'mp3' } } as const;
const result = { fileName: 'talk.mp3', bytes: 4, durationSeconds: 2, sha256: 'ab', peaks: [] };
const away = new AppError('unavailable', 'The database cannot be reached.');

let test: TestConversions;
beforeEach(async () => {
  test = await makeTestConversions();
});
afterEach(async () => {
  vi.restoreAllMocks();
  await test[Symbol.asyncDispose]();
});

async function* bytes(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

async function upload(): Promise<string> {
  const received = await test.conversions.owned.receive(owner, intake, bytes('video'));
  return (await received.accept()).id;
}

async function take(patience?: AbortSignal): Promise<Work> {
  const taken = await test.conversions.work.take(patience);
  if (taken.kind !== 'work') throw new Error(`cannot be taken: ${taken.kind}`);
  return taken.work;
}

/** The ways in which a write may fail while the store is away. */
const failures: readonly (readonly [string, () => void])[] = [
  [
    'nothing is written',
    () => {
      vi.spyOn(test.store, 'replace').mockRejectedValueOnce(away).mockRejectedValueOnce(away);
    },
  ],
  [
    'the write succeeds and only its answer is lost',
    () => {
      const { replace } = test.store;
      vi.spyOn(test.store, 'replace').mockImplementationOnce(async (...given) => {
        await replace(...given);
        throw away;
      });
    },
  ],
];

describe.each(failures)('while the store is away, so that %s,', (_how, takeAway) => {
  const never = new AbortController().signal;

  it('a converter keeps its lease until it has written that the conversion is done', async () => {
    const id = await upload();
    await using work = await take(never);
    takeAway();
    expect(await work.finish(result, [])).toBe(true);
    expect(work.signal.aborted).toBe(false);
    expect(await test.store.get(id)).toMatchObject({ state: 'done', attempt: 1, lostLeases: 0, result });
  });

  it('a converter keeps its lease until it has written that the conversion failed', async () => {
    const id = await upload();
    await using work = await take(never);
    takeAway();
    expect(await work.fail(new AppError('no_audio', 'This video has no sound.'))).toBe(true);
    expect(await test.store.get(id)).toMatchObject({ state: 'failed', attempt: 1, error: { code: 'no_audio' } });
  });

  it('a converter goes on once it has written what the source contains', async () => {
    const id = await upload();
    await using work = await take(never);
    takeAway();
    await work.noteSource({ tracks: [], durationSeconds: 7 });
    expect(await test.store.get(id)).toMatchObject({ state: 'converting', durationSeconds: 7 });
    expect(await work.finish(result, [])).toBe(true);
  });

  it('a conversion that cannot go on is given back, and keeps its attempt', async () => {
    const id = await upload();
    await using work = await take(never);
    takeAway();
    await work.release(0);
    expect(await test.store.get(id)).toMatchObject({ state: 'queued', attempt: 1, lostLeases: 0 });
  });

  it('a video that was sent in one request is kept and queued', async () => {
    const received = await test.conversions.owned.receive(owner, intake, bytes('video'));
    takeAway();
    const { id, state } = await received.accept();
    expect(state).toBe('queued');
    expect(await test.videos.stat(id)).toMatchObject({ bytes: 5, finished: true });
  });

  it('a resumable upload is queued once its last piece has arrived', async () => {
    const { id } = await test.conversions.uploads.create(owner, { ...intake, videoBytes: 6 });
    await test.conversions.uploads.append(owner, id, { offset: 0, maxVideoBytes: 100 }, bytes('abc'));
    async function* rest(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('def');
      takeAway();
    }
    const last = test.conversions.uploads.append(owner, id, { offset: 3, maxVideoBytes: 100 }, rest());
    // A client that is told that another request writes asks again, and learns that the upload is complete.
    await last.catch((error: unknown) => expect(error).toMatchObject({ code: 'locked' }));
    expect(await test.conversions.uploads.status(owner, id)).toMatchObject({ offset: 6, videoBytes: 6 });
    expect(await test.store.get(id)).toMatchObject({ state: 'queued', sourceBytes: 6 });
  });
});

it('a conversion that was given back, which its converter does not know, is not taken from the next converter', async () => {
  const id = await upload();
  await using work = await take(new AbortController().signal);
  const { replace } = test.store;
  let next: Work | undefined;
  vi.spyOn(test.store, 'replace').mockImplementationOnce(async (...given) => {
    await replace(...given);
    next = await take();
    throw away;
  });
  await work.release(0);
  expect(work.signal.aborted).toBe(true);
  expect(await test.store.get(id)).toMatchObject({ state: 'converting', attempt: 1 });
  expect(await next?.finish(result, [])).toBe(true);
  await next?.[Symbol.asyncDispose]();
});

it('a converter that is told to stop gives up, and its conversion is taken over', async () => {
  const id = await upload();
  const stopping = new AbortController();
  await using work = await take(stopping.signal);
  vi.spyOn(test.store, 'replace').mockImplementation(async () => {
    stopping.abort();
    throw away;
  });
  await expect(work.finish(result, [])).rejects.toBe(away);
  vi.restoreAllMocks();
  await test.conversions.sweeper.recover();
  expect(await test.store.get(id)).toMatchObject({ state: 'queued', attempt: 2 });
});
