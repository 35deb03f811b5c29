import type fc from 'fast-check';
import { pino } from 'pino';
import { AppError, isAppError } from '../../../shared/errors.ts';
import { createMemoryEventBus } from '../../adapters/embedded/memory-event-bus.ts';
import { mp3BlobId } from '../../conversions/blob-names.ts';
import type { Work } from '../../conversions/conversion-work.ts';
import type { ConversionRow, ConversionStore } from '../../ports/conversion-store.ts';
import { everyone } from '../../ports/event-bus.ts';
import type { JobQueue } from '../../ports/job-queue.ts';
import type { MailOutboxStore } from '../../ports/mail-outbox-store.ts';
import type { SkippedItem } from '../../ports/skipped-item.ts';
import { createConversions } from '../all-sides.ts';
import { hasSettled } from '../has-settled.ts';
import { blobsWithoutBytes } from '../stores/blobs-without-bytes.ts';
import { checkOutcome, type Observed } from './invariants.ts';
import type { Actor, Plan } from './plans.ts';
import type { SimulatedStores } from './simulated-stores.ts';

/** Lets a test put something wrong between the life cycle and its store. */
export type Sabotage = (store: ConversionStore) => ConversionStore;

const owner = 'anna';
const sweepSeconds = 5;
/** More than any plan needs: four rounds lose a lease, twelve publish tickets again, and a batch rests for ten minutes. */
const maxDrainRounds = 400;

/**
 * Plays `plan` over real stores. Every call to a store waits until `scheduler` lets it go, so the actors' reads and writes come in any
 * order. Then lets things settle, and throws if something was doubled, lost or illegal.
 */
export async function simulate(
  scheduler: fc.Scheduler,
  plan: Plan,
  openStores: () => Promise<SimulatedStores>,
  sabotage: Sabotage = (store) => store,
): Promise<void> {
  await using stores = await openStores();
  await play(scheduler, plan, { ...stores, conversions: sabotage(stores.conversions) });
}

async function play(
  scheduler: fc.Scheduler,
  plan: Plan,
  { conversions: realStore, notifications: realNotifications, leases }: Omit<SimulatedStores, keyof AsyncDisposable>,
): Promise<void> {
  let interleaved = true;
  const step = async (): Promise<void> => {
    if (interleaved) await scheduler.schedule(Promise.resolve());
  };

  const observed: Observed = { writes: [], finishes: [], announced: [] };
  const store = observing(realStore, step, observed);
  const notifications = stepping(realNotifications, step);
  const mp3Names = new Set<string>();
  const losses = { next: 0 };
  const lose = (): boolean => interleaved && (plan.losses[losses.next++ % plan.losses.length] ?? false);
  const videoQueue = lossyQueue(lose);
  const mp3Queue = lossyQueue(lose);
  let seconds = 0;
  const clock = { now: () => new Date(1_800_000_000_000 + seconds * 1000), monotonicSeconds: () => seconds };
  const events = createMemoryEventBus();
  events.subscribe({ owner: everyone, kinds: ['notification'] }, ({ event }) => {
    if (event.type === 'notification') observed.announced.push(event.notification.id);
  });

  const { owned, work, batches, sweeper, close } = createConversions({
    store,
    notifications,
    leases,
    mailOutbox: nobodyIsMailed,
    videos: blobsWithoutBytes(new Set()),
    mp3s: blobsWithoutBytes(mp3Names),
    videoQueue,
    mp3Queue,
    events,
    clock,
    log: pino({ level: 'silent' }),
    skipped({ what, cause }: SkippedItem) {
      throw new Error(what, { cause });
    },
    retention: { sourceSeconds: 86_400, resultSeconds: 30 * 86_400 },
  });
  const held: Work[] = [];

  /** What backend/converter does with one row, without ffmpeg. Resolves with false if there was none. */
  async function convert(fate: Extract<Actor, { kind: 'convert' }>['fate']): Promise<boolean> {
    const taken = await work.take();
    if (taken.kind !== 'work') return false;
    held.push(taken.work);
    if (fate === 'die') return true;
    if (fate === 'fail') {
      await taken.work.fail(new AppError('no_audio', 'There is no sound in this video.'));
      return true;
    }
    if (fate === 'release') {
      await taken.work.release(0);
      return true;
    }
    const blob = mp3BlobId(taken.work.row);
    mp3Names.add(blob);
    if (fate === 'stall') for (let steps = 0; steps < 20; steps += 1) await step();
    const result = { fileName: 'a.mp3', bytes: 1, durationSeconds: 1, sha256: 'ab', peaks: [] };
    if (await taken.work.finish(result, [])) observed.finishes.push(taken.work.row.id);
    else mp3Names.delete(blob);
    return true;
  }

  async function act(what: Actor, ids: readonly string[]): Promise<void> {
    if (what.kind === 'sweep') {
      for (let round = 0; round < what.rounds; round += 1) {
        seconds += sweepSeconds;
        await sweeper.round();
      }
      return;
    }
    if (what.kind === 'convert') return void (await convert(what.fate));
    if (what.kind === 'notify') return void (await batches.tellOfEnds());
    const id = ids[what.target % ids.length] ?? '';
    switch (what.kind) {
      case 'cancel':
        return void (await refused(owned.cancel(owner, id)));
      case 'retry':
        return void (await refused(owned.retry(owner, id)));
      case 'remove':
        return await refused(owned.remove(owner, id));
    }
  }

  interleaved = false;
  const ids: string[] = [];
  for (const inBatch of plan.inBatch) {
    const size = plan.batchSizeKnown ? { batchSize: plan.inBatch.filter(Boolean).length } : {};
    const batch = inBatch ? { batchId: 'b', ...size } : {};
    const intake = { fileName: 'a.mp4', path: '/a.mp4', bytes: 1, options: { format: 'mp3' } as const, ...batch };
    ids.push((await owned.submitFile(owner, intake)).id);
  }

  interleaved = true;
  await scheduler.waitFor(Promise.all(plan.actors.map((what) => act(what, ids))));
  interleaved = false;
  // Calls that no actor waited for, such as the last renewal of a lease, are let go as well.
  await scheduler.waitIdle();

  for (let round = 0; round < maxDrainRounds; round += 1) {
    seconds += sweepSeconds;
    await sweeper.round();
    if (videoQueue.take().length > 0) while (await convert('finish'));
    if (mp3Queue.take().length > 0) await batches.tellOfEnds();
    if (await hasSettled(realStore)) break;
  }
  await sweeper.tidy();
  close();
  for (const one of held) await one[Symbol.asyncDispose]();
  await checkOutcome({ ids, owner, observed, mp3Names, store: realStore, notifications: realNotifications });
}

/** A person's call may be refused, but only in the ways that are meant. */
async function refused(call: Promise<unknown>): Promise<void> {
  await call.catch((error: unknown) => {
    if (!isAppError(error, 'wrong_state', 'not_found', 'gone')) throw error;
  });
}

function observing(store: ConversionStore, step: () => Promise<void>, observed: Observed): ConversionStore {
  return {
    ...stepping(store, step),
    scan: (kind) => store.scan(kind),
    scanExpired: (until) => store.scanExpired(until),
    untoldBatches: () => store.untoldBatches(),
    untoldOfBatch: (of, batchId) => store.untoldOfBatch(of, batchId),
    async replace(expected, next) {
      await step();
      // If the write succeeds, this was the row all the time since it was expected.
      const before = await store.get(next.id);
      const written = await store.replace(expected, next);
      if (written) observed.writes.push({ before: before as ConversionRow, after: next });
      return written;
    },
  };
}

/** A port whose methods wait for their turn before they begin. */
function stepping<Port extends object>(port: Port, step: () => Promise<void>): Port {
  return new Proxy(port, {
    get(from, key) {
      const method: unknown = Reflect.get(from, key);
      if (typeof method !== 'function') return method;
      return async (...args: unknown[]) => {
        await step();
        return await Reflect.apply(method, from, args);
      };
    },
  });
}

interface LossyQueue extends JobQueue {
  /** Empties the queue and returns the ids of its conversions. */
  take(): readonly string[];
}

function lossyQueue(lose: () => boolean): LossyQueue {
  let waiting: string[] = [];
  return {
    async publish({ conversionId }) {
      if (!lose()) waiting.push(conversionId);
      return true;
    },
    take() {
      const taken = waiting;
      waiting = [];
      return taken;
    },
    consume: () => Promise.reject(new Error('the simulation takes by itself')),
    bury: async () => undefined,
    deadLetters: async () => [],
    dropDeadLetters: async () => 0,
    close: () => Promise.resolve(),
  };
}

const nobodyIsMailed: MailOutboxStore = {
  async *list() {},
  replace: () => Promise.reject(new Error('the simulation mails nobody')),
};
