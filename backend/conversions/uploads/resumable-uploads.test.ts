import { createHash, randomBytes } from 'node:crypto';
import os from 'node:os';
import { buffer } from 'node:stream/consumers';
import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AppError, isAppError } from '../../../shared/errors.ts';
import { createMemoryEventBus } from '../../adapters/embedded/memory-event-bus.ts';
import { freezable, freezeAt } from '../../ports/freezing.ts';
import { type Conversions, createConversions } from '../../tests/all-sides.ts';
import { makeTestConversions, type TestConversions } from '../../tests/test-conversions.ts';
import { storedBlobs } from '../../tests/test-gateway.ts';
import { videoBlobId } from '../blob-names.ts';
import type { Checksum, UploadPiece } from './upload-piece.ts';

const owner = 'ada';
const intake = { fileName: 'talk.mp4', options: { format: 'mp3' } } as const;
const maxVideoBytes = 1_000_000;
const daySeconds = 24 * 3600;

let test: TestConversions;
beforeEach(async () => {
  test = await makeTestConversions();
});
afterEach(() => test[Symbol.asyncDispose]());

async function* from(...chunks: readonly (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield Buffer.from(chunk);
}

/** A client that sends these bytes, and then neither more bytes nor an end. */
function silentAfter(text: string): {
  readonly source: AsyncGenerator<Uint8Array>;
  readonly sent: Promise<void>;
  end(): void;
} {
  const { promise: sent, resolve: hasSent } = Promise.withResolvers<void>();
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  async function* source(): AsyncGenerator<Uint8Array> {
    yield Buffer.from(text);
    hasSent();
    await ended;
  }
  return { source: source(), sent, end };
}

function sha256(text: string): Checksum {
  const hash = createHash('sha256');
  const expected = createHash('sha256').update(text).digest();
  return { update: (chunk) => void hash.update(chunk), matches: () => hash.digest().equals(expected) };
}

const append = (id: string, piece: Partial<UploadPiece>, source: AsyncIterable<Uint8Array>) =>
  test.conversions.uploads.append(owner, id, { offset: 0, maxVideoBytes, ...piece }, source);

async function begin(videoBytes: number): Promise<string> {
  return (await test.conversions.uploads.create(owner, { ...intake, videoBytes })).id;
}

async function offsetOf(id: string): Promise<number> {
  return (await test.conversions.uploads.status(owner, id)).offset;
}

async function stored(id: string): Promise<string> {
  return String(await buffer(await test.videos.open(videoBlobId({ id }))));
}

describe('an upload that nobody continues', () => {
  it('waits for a day after its last bytes, and is then removed with them', async () => {
    const id = await begin(6);
    test.pass(daySeconds - 10);
    await test.conversions.sweeper.round();
    await append(id, {}, from('abc'));
    test.pass(daySeconds - 10);
    await test.conversions.sweeper.round();
    expect(await offsetOf(id)).toBe(3);
    test.pass(20);
    await test.conversions.sweeper.round();
    expect(await offsetOf(id)).toBe(3);
    // By now it has been due for an hour, by both clocks.
    test.pass(3600);
    await test.conversions.sweeper.round();
    await expect(test.conversions.uploads.status(owner, id)).rejects.toMatchObject({ code: 'not_found' });
    expect(await storedBlobs(test)).toEqual([]);
    expect(test.told.at(-1)).toEqual({ type: 'removed', ids: [id] });
  });

  it('survives restarts in between', async () => {
    const id = await begin(6);
    await append(id, {}, from('abc'));
    await test.conversions.sweeper.recover();
    expect(await offsetOf(id)).toBe(3);
    await append(id, { offset: 3 }, from('def'));
    expect(await stored(id)).toBe('abcdef');
  });
});

it('is one of at most a hundred unfinished ones of its account, even if all are created at once', async () => {
  const create = () => test.conversions.uploads.create(owner, { ...intake, videoBytes: 6 });
  const results = await Promise.allSettled(Array.from({ length: 120 }, create));
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(100);
  for (const result of results) {
    if (result.status === 'rejected')
      expect(result.reason).toMatchObject({ code: 'too_many', details: { limit: 100 } });
  }
  await expect(test.conversions.uploads.create('bert', { ...intake, videoBytes: 6 })).resolves.toBeDefined();
});

it('is queued by a later round if all its bytes are stored, but could not be finished when its last request broke off', async () => {
  const id = await begin(6);
  async function* cutOff(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('abcdef');
    throw new AppError('bad_request', 'cut off');
  }
  const finish = vi.spyOn(test.videos, 'finish').mockRejectedValue(new AppError('unavailable', 'away'));
  await expect(append(id, {}, cutOff())).rejects.toMatchObject({ code: 'bad_request' });
  await test.conversions.sweeper.round();
  expect(await test.store.get(id)).toMatchObject({ state: 'uploading' });
  finish.mockRestore();
  await test.conversions.sweeper.round();
  expect(await test.store.get(id)).toMatchObject({ state: 'queued', sourceBytes: 6 });
  expect(test.videoQueue.take()).toEqual([id]);
});

describe('a writer that died', () => {
  it('is replaced at the next start, and can no longer write', async () => {
    const id = await begin(6);
    const { source, sent, end } = silentAfter('abc');
    const dead = append(id, {}, source).catch((error: unknown) => error);
    await sent;
    await test.conversions.sweeper.recover();
    const row = await test.store.get(id);
    expect(row).toMatchObject({ state: 'uploading' });
    expect(row?.upload?.writer).toBeUndefined();
    end();
    expect(await dead).toMatchObject({ code: 'locked' });
    const offset = await offsetOf(id);
    await append(id, { offset }, from('abcdef'.slice(offset)));
    expect(await stored(id)).toBe('abcdef');
  });

  it.each([true, false])(
    'leaves only bytes that are surely on the disk (computer started anew since: %s)',
    async (anew) => {
      const uptime = vi.spyOn(os, 'uptime').mockReturnValue(anew ? 60 : 7200);
      const id = await begin(6);
      await append(id, {}, from('abc'));
      const { source, sent, end } = silentAfter('xy');
      const dead = append(id, { offset: 3 }, source).catch((error: unknown) => error);
      await sent;
      test.pass(3600);
      await test.conversions.sweeper.recover();
      uptime.mockRestore();
      expect((await test.store.get(id))?.upload?.unverifiedFrom).toBe(anew ? 3 : undefined);
      end();
      await dead;
      if (!anew) return;
      expect(await offsetOf(id)).toBe(3);
      await append(id, { offset: 3 }, from('def'));
      expect(await stored(id)).toBe('abcdef');
    },
  );

  it('is replaced when its lease has not changed for long enough, and not before', async () => {
    const id = await begin(6);
    const { source, sent, end } = silentAfter('abc');
    const dead = append(id, {}, source).catch((error: unknown) => error);
    await sent;
    const writerNow = async () => (await test.store.get(id))?.upload?.writer;
    await test.conversions.sweeper.round();
    for (const seconds of [5, 5]) {
      test.pass(seconds);
      await test.conversions.sweeper.round();
    }
    expect(await writerNow()).toBeDefined();
    test.pass(5);
    await test.conversions.sweeper.round();
    expect(await writerNow()).toBeUndefined();
    end();
    expect(isAppError(await dead, 'locked')).toBe(true);
  });

  it('before its checksum was verified leaves none of its bytes', async () => {
    const id = await begin(6);
    await append(id, {}, from('abc'));
    const { source, sent, end } = silentAfter('xy');
    const dead = append(id, { offset: 3, checksum: sha256('xyz') }, source).catch((error: unknown) => error);
    await sent;
    await test.conversions.sweeper.recover();
    // As if the process had died: the bytes that it wrote are stored, but not verified.
    expect((await test.store.get(id))?.upload?.unverifiedFrom).toBe(3);
    expect(await offsetOf(id)).toBe(3);
    end();
    await dead;
    expect(await offsetOf(id)).toBe(3);
    await append(id, { offset: 3, checksum: sha256('def') }, from('def'));
    expect(await stored(id)).toBe('abcdef');
  });

  it('between the last byte and the row leaves a complete upload', async () => {
    const id = await begin(3);
    const label = { conversionId: id, owner, fileName: intake.fileName };
    await test.videos.append(videoBlobId({ id }), 1, 0, from('abc'), label);
    expect(await test.conversions.uploads.status(owner, id)).toMatchObject({ offset: 3, videoBytes: 3 });
    expect(await test.conversions.owned.get(owner, id)).toMatchObject({ state: 'queued', sourceBytes: 3 });
    expect(test.videoQueue.take()).toEqual([id]);
  });

  it('between the last byte and the row is also found by the next start', async () => {
    const id = await begin(3);
    const label = { conversionId: id, owner, fileName: intake.fileName };
    await test.videos.append(videoBlobId({ id }), 1, 0, from('abc'), label);
    await test.conversions.sweeper.recover();
    expect(await test.conversions.owned.get(owner, id)).toMatchObject({ state: 'queued' });
    expect(test.videoQueue.take()).toContain(id);
  });

  it('between the last byte and the row is also found by the sweeper, if no request comes', async () => {
    const id = await begin(3);
    const { finish } = test.videos;
    const { promise: reached, resolve: reach } = Promise.withResolvers<void>();
    const { promise: goOn, resolve: wakeUp } = Promise.withResolvers<void>();
    vi.spyOn(test.videos, 'finish').mockImplementationOnce(async (...given) => {
      reach();
      await goOn;
      return await finish(...given);
    });
    const dead = append(id, {}, from('abc')).catch((error: unknown) => error);
    await reached;
    for (let seconds = 0; seconds <= 15; seconds += 5) {
      await test.conversions.sweeper.round();
      test.pass(5);
    }
    expect(await test.store.get(id)).toMatchObject({ state: 'queued', sourceBytes: 3 });
    expect(test.videoQueue.take()).toContain(id);
    wakeUp();
    await dead;
    expect(await stored(id)).toBe('abc');
  });

  it('between a video that matches its checksum and the row leaves a complete upload', async () => {
    const id = await begin(3);
    const { finish } = test.videos;
    vi.spyOn(test.videos, 'finish').mockImplementationOnce(async (...given) => {
      const finished = await finish(...given);
      await test.conversions.sweeper.recover();
      return finished;
    });
    const dead = append(id, { checksum: sha256('abc') }, from('abc'));
    await expect(dead).rejects.toMatchObject({ code: 'locked' });
    expect(await test.conversions.uploads.status(owner, id)).toMatchObject({ offset: 3, videoBytes: 3 });
    expect(await test.conversions.owned.get(owner, id)).toMatchObject({ state: 'queued', sourceBytes: 3 });
    expect(await stored(id)).toBe('abc');
  });
});

it('does not acknowledge bytes that were removed while they were written', async () => {
  const id = await begin(3);
  const { append: write } = test.videos;
  vi.spyOn(test.videos, 'append').mockImplementationOnce(async (blob, fence, ...rest) => {
    const end = await write(blob, fence, ...rest);
    await test.videos.remove(blob, fence);
    return end;
  });
  await expect(append(id, {}, from('abc'))).rejects.toMatchObject({ code: 'unavailable' });
  expect(await offsetOf(id)).toBe(0);
  await append(id, {}, from('abc'));
  expect(await stored(id)).toBe('abc');
});

describe('two requests', () => {
  it('never acknowledge bytes of each other that are not verified', async () => {
    const id = await begin(6);
    await append(id, {}, from('abc'));
    const isStored = Promise.withResolvers<void>();
    const isTold = Promise.withResolvers<void>();
    const { stat, truncate } = test.videos;
    vi.spyOn(test.videos, 'truncate').mockImplementationOnce(async (...given) => {
      isStored.resolve();
      await isTold.promise;
      await truncate(...given);
    });
    let wrong: Promise<unknown> | undefined;
    vi.spyOn(test.videos, 'stat').mockImplementationOnce(async (...given) => {
      wrong = append(id, { offset: 3, checksum: sha256('de') }, from('xy')).catch((error: unknown) => error);
      await isStored.promise;
      return await stat(...given);
    });
    expect(await offsetOf(id)).toBe(3);
    isTold.resolve();
    expect(await wrong).toMatchObject({ code: 'checksum_mismatch' });
    expect(await offsetOf(id)).toBe(3);
  });

  it('that start at once never both write', async () => {
    const id = await begin(6);
    const results = await Promise.allSettled([append(id, {}, from('abcdef')), append(id, {}, from('uvwxyz'))]);
    expect(results.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    const refused = results.find((one) => one.status === 'rejected');
    expect(isAppError(refused?.reason, 'locked', 'wrong_state')).toBe(true);
    expect(['abcdef', 'uvwxyz']).toContain(await stored(id));
  });
});

/** The second of two processes over the same stores; `test.conversions` belongs to the first. */
function otherProcess(parts: Partial<Pick<TestConversions, 'events' | 'videos'>> = {}): Conversions {
  const mailOutbox = { async *list() {}, replace: async () => false };
  const retention = { sourceSeconds: daySeconds, resultSeconds: daySeconds };
  return createConversions({ ...test, ...parts, mailOutbox, retention, log: pino({ level: 'silent' }) });
}

it('a request that was suspended adds nothing once another has taken over the upload', async () => {
  const videos = { ...test.videos, append: freezable(test.videos.append) };
  const other = otherProcess({ videos });
  const id = await begin(6);
  await append(id, {}, from('abc'));
  const late = await freezeAt(1, 'before', () =>
    other.uploads.append(owner, id, { offset: 3, maxVideoBytes }, from('xyz')),
  );
  await test.conversions.sweeper.recover();
  // It adds no bytes, so the upload still ends where the late request wants to continue.
  await append(id, { offset: 3 }, from());
  expect(await late?.thaw()).toMatchObject({ status: 'rejected', reason: { code: 'locked' } });
  expect(await offsetOf(id)).toBe(3);
  await append(id, { offset: 3 }, from('def'));
  expect(await stored(id)).toBe('abcdef');
  other.close();
});

describe.each([
  ['the same process', () => test.conversions],
  ['another process', () => otherProcess()],
] as const)('a request to %s', (_where, processOf) => {
  afterEach(() => void vi.useRealTimers());

  it('is refused at once while a writer is busy, and continues where that one ended', async () => {
    const { uploads } = processOf();
    const id = await begin(6);
    const { source, sent, end } = silentAfter('abc');
    const first = append(id, {}, source);
    await sent;
    test.pass(4);
    // No timer fires: the answer comes from the writer.
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    await expect(uploads.append(owner, id, { offset: 0, maxVideoBytes }, from('xyz'))).rejects.toMatchObject({
      code: 'locked',
    });
    end();
    expect(await first).toMatchObject({ offset: 3 });
    await uploads.append(owner, id, { offset: 3, maxVideoBytes }, from('def'));
    expect(await stored(id)).toBe('abcdef');
  });

  it('replaces a writer that has received nothing for 5 s', async () => {
    const { uploads } = processOf();
    const id = await begin(6);
    const { source, sent, end } = silentAfter('abc');
    const first = append(id, {}, source).catch((error: unknown) => error);
    await sent;
    test.pass(5);
    await expect(uploads.append(owner, id, { offset: 0, maxVideoBytes }, from('xyz'))).rejects.toMatchObject({
      code: 'wrong_state',
      details: { offset: 3 },
    });
    expect(await first).toMatchObject({ code: 'request_timeout' });
    await uploads.append(owner, id, { offset: 3, maxVideoBytes }, from('def'));
    expect(await stored(id)).toBe('abcdef');
    end();
  });

  it('replaces it as one of many requests at once', async () => {
    const { uploads } = processOf();
    const id = await begin(6);
    const { source, sent, end } = silentAfter('');
    const first = append(id, {}, source).catch((error: unknown) => error);
    await sent;
    test.pass(5);
    const askers = ['abcdef', 'ghijkl', 'mnopqr'];
    const results = await Promise.allSettled(
      askers.map(async (text) => await uploads.append(owner, id, { offset: 0, maxVideoBytes }, from(text))),
    );
    expect(await first).toMatchObject({ code: 'request_timeout' });
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const result of results) {
      if (result.status === 'rejected') expect(isAppError(result.reason, 'locked', 'wrong_state')).toBe(true);
    }
    expect(askers).toContain(await stored(id));
    end();
  });
});

describe('a request for an upload whose writer does not answer', () => {
  afterEach(() => void vi.useRealTimers());

  async function ask() {
    // A process that receives no messages, like a frozen one.
    const frozen = otherProcess({ events: createMemoryEventBus() });
    const id = await begin(6);
    const { source, sent, end } = silentAfter('abc');
    const first = frozen.uploads.append(owner, id, { offset: 0, maxVideoBytes }, source);
    await sent;
    test.pass(60);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    let ended: unknown;
    const asking = append(id, { offset: 3 }, from('def')).then(
      (status) => (ended = status),
      (error: unknown) => (ended = error),
    );
    await askerWaits();
    await vi.advanceTimersByTimeAsync(4900);
    expect(ended).toBeUndefined();
    return { first, end, asking };
  }

  /** Resolves once the asker's two timers are set: one until it looks at the row again, one until it gives up. */
  async function askerWaits(): Promise<void> {
    while (vi.getTimerCount() < 2) await setImmediate();
  }

  it('waits for 5 s and is then refused', async () => {
    const { first, end, asking } = await ask();
    await vi.advanceTimersByTimeAsync(100);
    expect(await asking).toMatchObject({ code: 'locked' });
    end();
    await first;
  });

  it('continues as soon as the row is free', async () => {
    const { first, end, asking } = await ask();
    end();
    await first;
    await askerWaits();
    vi.advanceTimersToNextTimer();
    expect(await asking).toMatchObject({ offset: 6 });
  });
});

it('equals what was sent, however it was split, repeated or sent at wrong offsets', async () => {
  const piece = fc.record({
    length: fc.nat(400),
    /** The offset that the client assumes, relative to the real one. */
    lie: fc.oneof(
      { weight: 4, arbitrary: fc.constant(0) },
      { weight: 1, arbitrary: fc.integer({ min: -50, max: 50 }) },
    ),
    /** After how many of its bytes it is interrupted. */
    breaksAfter: fc.option(fc.nat(400)),
    checksum: fc.constantFrom('none', 'right', 'wrong'),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { minLength: 1, maxLength: 12 }), async (pieces) => {
      const whole = randomBytes(1000).toString('hex');
      const id = await begin(whole.length);
      for (const { length, lie, breaksAfter, checksum } of pieces) {
        const before = await offsetOf(id);
        if (before === whole.length) break;
        const offset = Math.max(0, before + lie);
        const text = whole.slice(offset, offset + length);
        const digest = checksum === 'none' ? {} : { checksum: sha256(checksum === 'right' ? text : `${text}!`) };
        async function* source(): AsyncGenerator<Uint8Array> {
          yield Buffer.from(text.slice(0, breaksAfter ?? text.length));
          if (breaksAfter !== null && breaksAfter < text.length) throw new Error('the line broke');
        }
        const went = await append(id, { offset, ...digest }, source()).then(
          () => true,
          () => false,
        );
        const after = await offsetOf(id);
        if (offset !== before || checksum === 'wrong') expect({ went, after }).toEqual({ went: false, after: before });
        else if (went) expect(after).toBe(before + text.length);
        else expect(after).toBe(checksum === 'right' ? before : before + Math.min(breaksAfter ?? 0, text.length));
      }
      const offset = await offsetOf(id);
      if (offset < whole.length) await append(id, { offset }, from(whole.slice(offset)));
      expect(await stored(id)).toBe(whole);
    }),
    { numRuns: 40 },
  );
});
