import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../shared/errors.ts';
import { openConversionsDatabase } from '../adapters/embedded/conversions-database.ts';
import { createMemoryEventBus } from '../adapters/embedded/memory-event-bus.ts';
import { createSqliteConversionStore } from '../adapters/embedded/sqlite-conversion-store.ts';
import type { ConversionStore } from '../ports/conversion-store.ts';
import { createConversionWork, type Work } from './conversion-work.ts';
import { createRows } from './rows.ts';

const owners = ['anna', 'bert', 'cleo', 'dora', 'emil'];

type Step =
  | { readonly kind: 'arrive'; readonly owner: string; readonly count: number }
  | { readonly kind: 'end'; readonly how: 'fail' | 'finish'; readonly target: number }
  | { readonly kind: 'cancel' | 'retry'; readonly target: number };

const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant('arrive' as const),
        owner: fc.constantFrom(...owners),
        count: fc.integer({ min: 1, max: 5 }),
      }),
    },
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant('end' as const),
        how: fc.constantFrom('fail' as const, 'finish' as const),
        target: fc.nat(),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constantFrom('cancel' as const, 'retry' as const), target: fc.nat() }),
    },
  ),
  { minLength: 5, maxLength: 40 },
);

interface Waiting {
  readonly owner: string;
  /** For a row whose owner had none waiting when it came: how many rows of each other owner were taken since. */
  readonly taken?: Map<string, number>;
}

/** The queue in its own file, which need not survive a power cut. */
async function openQueue() {
  const folder = await mkdtemp(join(tmpdir(), 'soundlift-fair-'));
  const database = openConversionsDatabase(join(folder, 'conversions.db'));
  database.prepare('PRAGMA synchronous = OFF').run();
  return {
    store: createSqliteConversionStore(database),
    async [Symbol.asyncDispose]() {
      database[Symbol.dispose]();
      await rm(folder, { recursive: true });
    },
  };
}

/** Runs `plan` with this many places. Throws if an owner waited for too long or was given a wrong position. */
async function play(plan: readonly Step[], places: number, sabotage: (store: ConversionStore) => ConversionStore) {
  await using queue = await openQueue();
  const store = sabotage(queue.store);
  const events = createMemoryEventBus();
  const log = pino({ level: 'silent' });
  const clock = { now: () => new Date(1_800_000_000_000), monotonicSeconds: () => 0 };
  const retention = { sourceSeconds: 1, resultSeconds: 1 };
  const rows = createRows({ store, events, clock, log, retention });
  const unused = () => Promise.reject(new Error('there are no bytes'));
  const videos = {
    append: unused,
    truncate: unused,
    finish: unused,
    open: unused,
    localFile: unused,
    stat: unused,
    room: unused,
  };
  const work = createConversionWork({
    ...{ rows, store, events, clock, log },
    videos: { ...videos, remove: unused, adopt: unused, async *list() {} },
    publisher: { queued: async () => true, ended: async () => true },
  });
  const waiting = new Map<string, Waiting>();
  const running: Work[] = [];
  const ended: { readonly id: string; readonly owner: string }[] = [];
  let made = 0;

  function queued(id: string, owner: string): void {
    const isFirst = [...waiting.values()].every((other) => other.owner !== owner);
    waiting.set(id, { owner, ...(isFirst ? { taken: new Map() } : {}) });
  }

  async function fillPlaces(): Promise<void> {
    while (running.length < places) {
      const taken = await work.take();
      if (taken.kind !== 'work') break;
      running.push(taken.work);
      const { id, owner } = taken.work.row;
      waiting.delete(id);
      for (const [other, { owner: waits, taken: counts }] of waiting) {
        if (counts === undefined || waits === owner) continue;
        const count = (counts.get(owner) ?? 0) + 1;
        counts.set(owner, count);
        if (count > 1) throw new Error(`${waits} waits with ${other} for ${count} of ${owner}`);
      }
    }
    if (running.length < places && waiting.size > 0) throw new Error('some wait though a place is free');
  }

  async function act(step: Step): Promise<void> {
    switch (step.kind) {
      case 'arrive':
        for (let index = 0; index < step.count; index += 1) {
          made += 1;
          const id = `c${String(made).padStart(5, '0')}`;
          const at = clock.now().toISOString();
          await rows.insert({
            ...{ id, owner: step.owner, state: 'queued', attempt: 1, revision: 1, fileName: 'a.mp4', progress: 0 },
            ...{ source: { kind: 'file', path: '/a.mp4' }, sourceBytes: 1, options: { format: 'mp3' }, lostLeases: 0 },
            ...{ warnings: [], createdAt: at, updatedAt: at },
          });
          queued(id, step.owner);
        }
        return;
      case 'end': {
        const [one] = running.splice(step.target % Math.max(1, running.length), 1);
        if (one === undefined) return;
        const result = { fileName: 'a.mp3', bytes: 1, durationSeconds: 1, sha256: 'ab', peaks: [] };
        if (step.how === 'finish') return void (await one.finish(result, []));
        await one.fail(new AppError('no_audio', 'There is no sound in it.'));
        ended.push(one.row);
        return;
      }
      case 'cancel': {
        const [id, one] = [...waiting][step.target % Math.max(1, waiting.size)] ?? [];
        if (id === undefined || one === undefined) return;
        await rows.decide(id, () => ({ type: 'cancelled' }));
        waiting.delete(id);
        ended.push({ id, owner: one.owner });
        return;
      }
      case 'retry': {
        const [one] = ended.splice(step.target % Math.max(1, ended.length), 1);
        if (one === undefined) return;
        await rows.decide(one.id, () => ({ type: 'retried' }));
        queued(one.id, one.owner);
      }
    }
  }

  try {
    for (const step of plan) {
      await act(step);
      await fillPlaces();
    }
    // No more rows come, so each is taken at the position that it was given.
    const positions = await store.queuePositions([...waiting.keys()]);
    const order: string[] = [];
    while (waiting.size > 0) {
      const before = new Set(waiting.keys());
      await act({ kind: 'end', how: 'finish', target: 0 });
      await fillPlaces();
      order.push(...[...before].filter((id) => !waiting.has(id)));
    }
    expect(order.map((id) => positions.get(id))).toEqual([...order.keys()]);
  } finally {
    for (const one of running) await one[Symbol.asyncDispose]();
    await events.close();
  }
}

function fairness(sabotage: (store: ConversionStore) => ConversionStore, numRuns: number): Promise<void> {
  const property = fc.asyncProperty(steps, fc.integer({ min: 1, max: 3 }), (plan, places) =>
    play(plan, places, sabotage),
  );
  return fc.assert(property, { numRuns });
}

/** First in, first out: the oldest id goes first. */
function oldestFirst(store: ConversionStore): ConversionStore {
  const queued = async (): Promise<readonly string[]> => {
    const ids: string[] = [];
    for await (const { id } of store.scan('queued')) ids.push(id);
    return ids;
  };
  return {
    ...store,
    async nextQueued() {
      const [first] = await queued();
      return first === undefined ? undefined : await store.get(first);
    },
    async queuePositions(ids) {
      const all = await queued();
      return new Map(ids.map((id) => [id, all.indexOf(id)]));
    },
  };
}

describe('a newcomer to a full queue', () => {
  it('waits for at most one video of each other person besides running ones, as the position says', async () => {
    await fairness((store) => store, 80);
  });

  it('would wait for all earlier videos of others if the queue were first in, first out', async () => {
    const failure: unknown = await fairness(oldestFirst, 50).catch((error: unknown) => error);
    expect(failure).toHaveProperty('cause.message', expect.stringMatching(/waits with .+ for 2 of/));
  });
});
