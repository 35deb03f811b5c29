import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isAppError } from '../../shared/errors.ts';
import { bytesOf, expectCode, from, kibibyte, label, listed, read, sha256 } from './blob-examples.ts';
import type { BlobStoreUnderTest } from './blob-store.contract.ts';
import type { BlobStore } from './blob-store.ts';
import { countCalls, type FreezingPoint, freezeAt } from './freezing.ts';

const [firstFence, frozenFence, laterFence] = [3, 5, 9];

/** One blob whose writer is frozen. */
interface Frozen {
  /** The store of the frozen writer. */
  readonly store: BlobStore;
  /** The store of the others. */
  readonly other: BlobStore;
  readonly id: string;
  /** The content written under the first fence; undefined for a blob that was only started. */
  readonly start: Buffer | undefined;
  /** What the frozen writer writes. */
  readonly written: Buffer;
  readonly file: string;
}

type FrozenWriter = (frozen: Frozen) => Promise<unknown>;

const emptyBytes = Buffer.alloc(0);

const frozenWriters: Readonly<Record<string, FrozenWriter>> = {
  appending: ({ store, id, start, written }) =>
    store.append(id, frozenFence, start?.length ?? 0, inPieces(written), label),
  'cutting back': ({ store, id, start }) => store.truncate(id, frozenFence, Math.floor((start?.length ?? 0) / 4)),
  finishing: ({ store, id }) => store.finish(id, frozenFence),
  adopting: ({ store, id, file }) => store.adopt(id, frozenFence, file, label),
  removing: ({ store, id }) => store.remove(id, frozenFence),
};

/** What another writer does to the blob in between, based on `stat`. Resolves with the expected content. */
type LaterWriter = (frozen: Frozen, kept: number, more: Buffer) => Promise<{ kept: number; more: Buffer }>;

async function goOn({ other, id }: Frozen, kept: number, more: Buffer): Promise<{ kept: number; more: Buffer }> {
  await other.append(id, laterFence, kept, inPieces(more), label);
  await other.finish(id, laterFence);
  return { kept, more };
}

function laterWriters(unit: number, inChunks: boolean): Readonly<Record<string, LaterWriter>> {
  const toTheEndOfAChunk: LaterWriter = (frozen, kept, more) =>
    goOn(frozen, kept, more.subarray(0, 2 * unit - (kept % unit)));
  return {
    'goes on': goOn,
    ...(inChunks && { 'goes on to the end of a chunk': toTheEndOfAChunk }),
    'cuts back and finishes': async (frozen, kept) => {
      const { other, id } = frozen;
      // A blob that was never started cannot be cut.
      if (kept === 0) return await goOn(frozen, kept, emptyBytes);
      await other.truncate(id, laterFence, Math.min(unit, kept));
      await other.finish(id, laterFence);
      return { kept: Math.min(unit, kept), more: emptyBytes };
    },
    'begins anew': async (frozen, _kept, more) => {
      await frozen.other.remove(frozen.id, laterFence);
      return await goOn(frozen, 0, more);
    },
    adopts: async ({ other, id, file }, _kept, more) => {
      await writeFile(`${file}-later`, more);
      await other.adopt(id, laterFence, `${file}-later`, label);
      return { kept: 0, more };
    },
  };
}

async function* inPieces(bytes: Buffer): AsyncGenerator<Uint8Array> {
  const pieceBytes = Math.ceil(bytes.length / 5);
  for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
}

/** The part of the BlobStore's contract about writers that lost their lease. */
export function describeBlobFence(current: () => BlobStoreUnderTest): void {
  describe('a writer with a lower fence', () => {
    let folder: string;
    beforeAll(async () => {
      folder = await mkdtemp(path.join(tmpdir(), 'soundlift-adopt-'));
    });
    afterAll(() => rm(folder, { recursive: true }));

    it('is refused for every method, and the blob does not change', async () => {
      const { store } = current();
      const file = path.join(folder, 'refused');
      await writeFile(file, 'xyz');
      const tries: readonly ((id: string) => Promise<unknown>)[] = [
        (id) => store.append(id, firstFence, 3, from(bytesOf('def')), label),
        (id) => store.truncate(id, firstFence, 1),
        (id) => store.finish(id, firstFence),
        (id) => store.adopt(id, firstFence, file, label),
        (id) => store.remove(id, firstFence),
      ];
      await store.append('growing', firstFence, 0, from(bytesOf('ab')), label);
      await store.append('growing', laterFence, 2, from(bytesOf('c')), label);
      await store.append('finished', firstFence, 0, from(bytesOf('abc')), label);
      await store.finish('finished', laterFence);
      for (const id of ['growing', 'finished']) {
        for (const attempt of tries) await expectCode(attempt(id), 'wrong_state');
      }
      expect(await listed(store)).toEqual([
        { id: 'finished', bytes: 3, finished: true },
        { id: 'growing', bytes: 3, finished: false },
      ]);
      await store.finish('growing', laterFence);
      expect(String(await read(store, 'growing'))).toBe('abc');
    });

    for (const [name, writer] of Object.entries(frozenWriters)) {
      it(`that was frozen at any step of ${name} does not change what a later writer makes`, async () => {
        const wrong: string[] = [];
        const { store, other, chunkBytes } = current();
        const unit = chunkBytes ?? 4 * kibibyte;
        // Ends of pieces are where a store that keeps pieces may fail.
        const starts = chunkBytes === undefined ? [2.3] : [2.3, 3];
        const cases = (name === 'appending' ? [0, ...starts] : starts).map(async (units) => {
          const start = units === 0 ? undefined : randomBytes(Math.round(units * unit));
          const make = (): Promise<Frozen> => makeFrozen({ store, other: other ?? store }, folder, start, unit);
          const whole = await make();
          const steps = await countCalls(() => writer(whole));
          expect(steps, 'calls that can be frozen').toBeGreaterThan(0);
          await Promise.all(
            Object.entries(laterWriters(unit, chunkBytes !== undefined)).flatMap(([later, go]) =>
              freezingPoints(steps, other !== undefined).map(async ([point, step]) => {
                const fault = await tryOut(await make(), writer, go, step, point);
                if (fault !== undefined) wrong.push(`${point} call ${step} of ${steps}, ${later}: ${fault}`);
              }),
            ),
          );
        });
        await Promise.all(cases);
        expect(wrong).toEqual([]);
      });
    }
  });
}

/**
 * Before and after each call. If the writers share only the storage, it does not matter whether one stands after a call or before
 * its next one.
 */
function freezingPoints(steps: number, shareOnlyStorage: boolean): readonly (readonly [FreezingPoint, number])[] {
  return Array.from({ length: steps }, (_, index) => index + 1).flatMap((step) =>
    shareOnlyStorage && step < steps
      ? [['before', step] as const]
      : [['before', step] as const, ['after', step] as const],
  );
}

async function makeFrozen(
  stores: Pick<Frozen, 'store' | 'other'>,
  folder: string,
  start: Buffer | undefined,
  unit: number,
): Promise<Frozen> {
  const id = randomBytes(12).toString('hex');
  const written = randomBytes(Math.round(3.2 * unit));
  const file = path.join(folder, id);
  await writeFile(file, written);
  if (start !== undefined) await stores.other.append(id, firstFence, 0, inPieces(start), label);
  return { ...stores, id, start, written, file };
}

/** Freezes one writer at one of its steps, lets another run, and then the first again. Resolves with what went wrong. */
async function tryOut(
  frozen: Frozen,
  writer: FrozenWriter,
  later: LaterWriter,
  step: number,
  point: FreezingPoint,
): Promise<string | undefined> {
  const { other, id, start = emptyBytes, written } = frozen;
  const stopped = await freezeAt(step, point, () => writer(frozen));
  if (stopped === undefined) return 'it was not frozen';
  let expected: string | undefined;
  let seenBytes = 0;
  let failure: unknown;
  try {
    const seen = await other.stat(id);
    seenBytes = seen?.bytes ?? 0;
    if (seen?.finished !== true) {
      const made = await later(frozen, seenBytes, randomBytes(written.length));
      // The kept bytes are those that the first writer wrote and `stat` reported.
      const candidates = [Buffer.concat([start, written]), written].map((bytes) =>
        sha256(Buffer.concat([bytes.subarray(0, made.kept), made.more])),
      );
      expected = sha256(await read(other, id));
      if (!candidates.includes(expected)) throw new Error('it made something else');
    }
  } catch (error) {
    failure = error;
  }
  const outcome = await stopped.thaw();
  if (failure !== undefined) return `the later writer failed: ${String(failure)}`;
  if (outcome.status === 'rejected' && !isAppError(outcome.reason, 'wrong_state', 'not_found')) {
    return `the frozen writer failed with ${String(outcome.reason)}`;
  }
  if (expected === undefined) return undefined;
  // It may have ended before the later one started, but then its bytes were seen.
  if (outcome.status === 'fulfilled' && Number(outcome.value) > seenBytes)
    return 'bytes were acknowledged that are gone';
  return sha256(await read(other, id)) === expected ? undefined : 'the bytes have changed';
}
