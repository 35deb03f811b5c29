import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../shared/errors.ts';
import type { ConversionStore } from '../ports/conversion-store.ts';
import { createQueueServices, openTestQueue } from '../tests/test-queue.ts';
import type { Work } from './conversion-work.ts';

const owners = ['anna', 'bert', 'cleo', 'dora', 'emil'];
const ends = ['finish', 'fail', 'cancel', 'lose', 'give back', 'give back for later'] as const;

type Step =
  | { readonly kind: 'arrive'; readonly owner: string; readonly count: number }
  | { readonly kind: 'end'; readonly how: (typeof ends)[number]; readonly target: number }
  | { readonly kind: 'cancel' | 'retry' | 'remove'; readonly target: number }
  | { readonly kind: 'pass' };

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
      arbitrary: fc.record({ kind: fc.constant('end' as const), how: fc.constantFrom(...ends), target: fc.nat() }),
    },
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constantFrom('cancel', 'retry', 'remove' as const), target: fc.nat() }),
    },
    { weight: 1, arbitrary: fc.constant({ kind: 'pass' as const }) },
  ),
  { minLength: 5, maxLength: 40 },
);

/** How long a conversion that is given back for later must wait. */
const delaySeconds = 30;

/**
 * For each owner with a row that is due: how many rows of each other owner were taken since one of the owner's own was taken, or
 * since the owner had none that was due. Whatever the owner cancels meanwhile makes no difference.
 */
class Waits {
  readonly #taken = new Map<string, Map<string, number>>();

  /** `due` are the owners with rows that are due. */
  update(due: ReadonlySet<string>): void {
    for (const owner of this.#taken.keys()) if (!due.has(owner)) this.#taken.delete(owner);
    for (const owner of due) if (!this.#taken.has(owner)) this.#taken.set(owner, new Map());
  }

  /** Throws if somebody has waited for two rows of this owner. */
  take(owner: string): void {
    this.#taken.delete(owner);
    for (const [waits, counts] of this.#taken) {
      const count = (counts.get(owner) ?? 0) + 1;
      counts.set(owner, count);
      if (count > 1) throw new Error(`${waits} waits for ${count} of ${owner}`);
    }
  }
}

/**
 * Runs `plan` with this many places, then converts what is left. Returns the owners of the rows in the order in which they were
 * taken. Throws if an owner waited for too long or a position was wrong.
 */
async function play(plan: readonly Step[], places: number, sabotage: (store: ConversionStore) => ConversionStore) {
  await using queue = await openTestQueue();
  let seconds = 0;
  const store = sabotage(queue.store);
  await using services = createQueueServices(store, () => seconds);
  const { rows, work } = services;
  /** The owner of each queued row, and when it is due. */
  const waiting = new Map<string, { readonly owner: string; readonly due: number }>();
  const running: Work[] = [];
  const ended: { readonly id: string; readonly owner: string; readonly isDone: boolean }[] = [];
  const waits = new Waits();
  const order: string[] = [];
  let made = 0;

  const isAllDue = (): boolean => [...waiting.values()].every(({ due }) => due <= seconds);
  const positions = () => store.queuePositions([...waiting.keys()]);

  function updateWaits(): void {
    waits.update(new Set([...waiting.values()].filter(({ due }) => due <= seconds).map(({ owner }) => owner)));
  }

  async function fillPlaces(): Promise<void> {
    while (running.length < places) {
      updateWaits();
      const before = await positions();
      const taken = await work.take();
      if (taken.kind !== 'work') break;
      running.push(taken.work);
      const { id, owner } = taken.work.row;
      waits.take(owner);
      order.push(owner);
      const allWereDue = isAllDue();
      waiting.delete(id);
      if (!allWereDue) continue;
      expect(before.get(id)).toBe(0);
      const after = [...before]
        .filter(([each]) => each !== id)
        .map(([each, position]) => [each, position - 1] as const);
      expect(await positions()).toEqual(new Map(after));
    }
    updateWaits();
    if (running.length < places && [...waiting.values()].some(({ due }) => due <= seconds)) {
      throw new Error('some wait though a place is free');
    }
  }

  async function end(how: (typeof ends)[number], target: number): Promise<void> {
    const [one] = running.splice(target % Math.max(1, running.length), 1);
    if (one === undefined) return;
    const { id, owner } = one.row;
    switch (how) {
      case 'finish':
        await one.finish({ fileName: 'a.mp3', bytes: 1, durationSeconds: 1, sha256: 'ab', peaks: [] }, []);
        break;
      case 'fail':
        await one.fail(new AppError('no_audio', 'There is no sound in it.'));
        break;
      case 'cancel':
        await rows.decide(id, () => ({ type: 'cancelled' }));
        break;
      case 'lose':
        await rows.decide(id, () => ({ type: 'lost', counts: true }));
        break;
      default:
        await one.release(how === 'give back' ? 0 : delaySeconds);
    }
    await one[Symbol.asyncDispose]();
    const isQueued = how === 'lose' || how === 'give back' || how === 'give back for later';
    if (isQueued) waiting.set(id, { owner, due: how === 'give back for later' ? seconds + delaySeconds : seconds });
    else ended.push({ id, owner, isDone: how === 'finish' });
  }

  async function act(step: Step): Promise<void> {
    switch (step.kind) {
      case 'arrive':
        for (let index = 0; index < step.count; index += 1) {
          made += 1;
          const id = `c${String(made).padStart(5, '0')}`;
          await services.insert(id, step.owner);
          waiting.set(id, { owner: step.owner, due: seconds });
        }
        return;
      case 'end':
        return await end(step.how, step.target);
      case 'cancel': {
        const [id, one] = [...waiting][step.target % Math.max(1, waiting.size)] ?? [];
        if (id === undefined || one === undefined) return;
        const before = await positions();
        await rows.decide(id, () => ({ type: 'cancelled' }));
        waiting.delete(id);
        ended.push({ id, owner: one.owner, isDone: false });
        for (const [each, position] of await positions()) expect(position).toBeLessThanOrEqual(before.get(each) ?? -1);
        return;
      }
      case 'retry':
      case 'remove': {
        const [one] = ended.splice(step.target % Math.max(1, ended.length), 1);
        if (one === undefined || (step.kind === 'retry' && one.isDone)) return;
        await rows.decide(one.id, () => ({ type: step.kind === 'retry' ? 'retried' : 'removed' }));
        if (step.kind === 'retry') waiting.set(one.id, { owner: one.owner, due: seconds });
        return;
      }
      case 'pass':
        seconds += delaySeconds;
    }
  }

  try {
    for (const step of plan) {
      await act(step);
      await fillPlaces();
    }
    // No more rows come, so each is taken at the position that it has now, which `fillPlaces` checks.
    await act({ kind: 'pass' });
    for (await fillPlaces(); running.length > 0; await fillPlaces()) await end('finish', 0);
    expect(waiting.size).toBe(0);
    return order;
  } finally {
    for (const one of running) await one[Symbol.asyncDispose]();
  }
}

function fairness(
  sabotage: (store: ConversionStore) => ConversionStore,
  parameters: { readonly numRuns: number; readonly endOnFailure?: boolean },
): Promise<void> {
  const property = fc.asyncProperty(steps, fc.integer({ min: 1, max: 3 }), async (plan, places) => {
    await play(plan, places, sabotage);
  });
  return fc.assert(property, parameters);
}

/** First in, first out: the oldest id goes first. */
function oldestFirst(store: ConversionStore): ConversionStore {
  let turn = 0;
  const queued = async (): Promise<readonly string[]> => {
    const ids: string[] = [];
    for await (const { id } of store.scan('queued')) ids.push(id);
    return ids;
  };
  return {
    ...store,
    async nextQueued(now, horizon) {
      for (const id of await queued()) {
        const row = await store.get(id);
        if (row !== undefined && (row.notBefore ?? '') <= now) return { row, turn: ++turn };
      }
      return await store.nextQueued(now, horizon);
    },
    async queuePositions(ids) {
      const all = await queued();
      return new Map(ids.map((id) => [id, all.indexOf(id)]));
    },
  };
}

describe('whoever has a video waiting', () => {
  it('waits for at most one video of each other person besides running ones, as the position says', async () => {
    await fairness((store) => store, { numRuns: 80 });
  });

  it('goes before the second video of a newcomer, also after cancelling the videos that would have gone first', async () => {
    const cancels = Array.from({ length: 9 }, () => ({ kind: 'cancel', target: 0 }) as const);
    const plan: readonly Step[] = [
      { kind: 'arrive', owner: 'zoe', count: 1 },
      { kind: 'arrive', owner: 'cleo', count: 10 },
      ...cancels,
      { kind: 'arrive', owner: 'anna', count: 9 },
    ];
    const order = await play(plan, 1, (store) => store);
    expect(order.slice(0, 4)).toEqual(['zoe', 'anna', 'cleo', 'anna']);
  });

  it('would wait for all earlier videos of others if the queue were first in, first out', async () => {
    const failure: unknown = await fairness(oldestFirst, { numRuns: 50, endOnFailure: true }).catch(
      (error: unknown) => error,
    );
    expect(failure).toHaveProperty('cause.message', expect.stringMatching(/waits for 2 of/));
  });
});

it('has no second video taken at one turn by two converters that read the queue at once', async () => {
  await using queue = await openTestQueue();
  let meanwhile = async (): Promise<unknown> => undefined;
  const slow: ConversionStore = {
    ...queue.store,
    async nextQueued(now, horizon) {
      const next = await queue.store.nextQueued(now, horizon);
      await meanwhile();
      return next;
    },
  };
  await using one = createQueueServices(slow, () => 0);
  await using other = createQueueServices(queue.store, () => 0);
  for (const [id, owner] of [
    ['c2', 'anna'],
    ['c3', 'bert'],
    ['c4', 'anna'],
  ] as const)
    await one.insert(id, owner);
  const taken: string[] = [];
  async function take({ work }: typeof one): Promise<void> {
    const next = await work.take();
    if (next.kind !== 'work') throw new Error(`nothing to take: ${next.kind}`);
    taken.push(next.work.row.id);
    await next.work[Symbol.asyncDispose]();
  }
  // An older video, which goes before those that the slow converter knows of.
  meanwhile = async () => {
    meanwhile = async () => undefined;
    await other.insert('c1', 'anna');
    await take(other);
  };
  await take(one);
  await take(one);
  await take(one);
  expect(taken).toEqual(['c1', 'c3', 'c2', 'c4']);
});
