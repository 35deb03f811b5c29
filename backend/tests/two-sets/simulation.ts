import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type fc from 'fast-check';
import { pino } from 'pino';
import { openConversionsDatabase } from '../../adapters/embedded/conversions-database.ts';
import { openFileBlobStore } from '../../adapters/embedded/file-blob-store.ts';
import { createMemoryEventBus } from '../../adapters/embedded/memory-event-bus.ts';
import { createMemoryJobQueue } from '../../adapters/embedded/memory-job-queue.ts';
import { createSqliteConversionStore } from '../../adapters/embedded/sqlite-conversion-store.ts';
import { createSqliteLeaseStore } from '../../adapters/embedded/sqlite-lease-store.ts';
import { createSqliteMailOutboxStore } from '../../adapters/embedded/sqlite-mail-outbox-store.ts';
import { createSqliteNotificationStore } from '../../adapters/embedded/sqlite-notification-store.ts';
import type { BlobStore } from '../../ports/blob-store.ts';
import { everyone } from '../../ports/event-bus.ts';
import type { SkippedItem } from '../../ports/skipped-item.ts';
import { checkInterleavings } from '../check-interleavings.ts';
import { hasSettled } from '../has-settled.ts';
import { checkOutcome } from './outcome.ts';
import { createPerson } from './person.ts';
import type { Freeze, Plan } from './plans.ts';
import { startSet } from './running-set.ts';
import { createStepper, watchActivity } from './stepped.ts';

/** A round of a sweeper every 5 seconds; four of them lose a lease. */
const sweepSeconds = 5;
const roundsASweep = 4;
/** More than any plan needs: two takeovers of each of five, and a batch that rests for ten minutes. */
const maxDrainRounds = 400;

/** A call that waits for the other set stays busy. After this many turns of the event loop others go on. */
const mostBusyTurns = 100;

/** Lets a test put something wrong between the services and their blobs. */
type Sabotage = (store: BlobStore) => BlobStore;

/** Simulates `runs` plans. Throws if one fails. */
export async function checkTwoSets(runs: number, plans: fc.Arbitrary<Plan>, sabotage?: Sabotage): Promise<void> {
  await checkInterleavings(runs, plans, (scheduler, plan) => simulateTwoSets(scheduler, plan, sabotage));
}

/**
 * Runs two complete sets of services over one set of embedded parts, and five people who use both. Every await between services and
 * parts is let go in the order that `scheduler` picks. Then lets things settle. Throws if anything was lost, doubled, mixed or stuck.
 */
async function simulateTwoSets(
  scheduler: fc.Scheduler,
  plan: Plan,
  sabotage: Sabotage = (store) => store,
): Promise<void> {
  await using opened = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'soundlift-two-sets-'));
  opened.defer(() => rm(folder, { recursive: true, force: true }));
  const database = opened.use(openConversionsDatabase(join(folder, 'conversions.db')));
  // Nobody needs this file after a power cut.
  database.prepare('PRAGMA synchronous = OFF').run();

  let interleaved = true;
  const schedule = async (): Promise<void> => {
    if (interleaved) await scheduler.schedule(Promise.resolve());
  };
  const activity = watchActivity();
  let seconds = 0;
  const clock = {
    now: () => new Date(1_800_000_000_000 + seconds * 1000),
    monotonicSeconds: () => seconds,
  };
  const errors: unknown[] = [];
  const events = createMemoryEventBus((error) => errors.push(error));
  opened.defer(() => events.close());
  const store = createSqliteConversionStore(database);
  const notifications = createSqliteNotificationStore(database);
  const videos = await openFileBlobStore(join(folder, 'videos'));
  const mp3s = await openFileBlobStore(join(folder, 'mp3s'));
  const videoQueue = createMemoryJobQueue((error) => errors.push(error));
  const mp3Queue = createMemoryJobQueue((error) => errors.push(error));
  const announced: string[] = [];
  events.subscribe({ owner: everyone, kinds: ['notification'] }, ({ event }) => {
    if (event.type === 'notification') announced.push(event.notification.id);
  });

  const parts = {
    store,
    notifications,
    leases: createSqliteLeaseStore(database),
    mailOutbox: createSqliteMailOutboxStore(database),
    videos: sabotage(videos),
    mp3s: sabotage(mp3s),
    videoQueue,
    mp3Queue,
    events,
    clock,
    log: pino({ level: 'silent' }),
    skipped: (item: SkippedItem) => void errors.push(item),
    retention: { sourceSeconds: 86_400, resultSeconds: 30 * 86_400 },
  };
  const start = async (name: string) => {
    const stepper = createStepper(schedule, activity);
    return await startSet({ parts, stepper, activity, workFolder: join(folder, name) }, opened);
  };
  const sets = [await start('one'), await start('other')] as const;
  const people = plan.people.map((person, index) =>
    createPerson({ name: `person ${index}`, plan: person, sets, schedule }),
  );

  /** Lets calls go one by one. Each may do what it can before the next, since a disk is slower than a scheduler. */
  async function letGo(all: Promise<unknown>): Promise<void> {
    let isOver = false;
    const noteEnd = (): void => {
      isOver = true;
    };
    all.then(noteEnd, noteEnd);
    for (let busyTurns = 0; !isOver; busyTurns += 1) {
      if (scheduler.count() > 0 && (activity.isQuiet() || busyTurns >= mostBusyTurns)) {
        await scheduler.waitOne();
        busyTurns = 0;
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    await all;
  }

  async function sweep({ conversions }: (typeof sets)[number]): Promise<void> {
    for (let round = 0; round < roundsASweep; round += 1) {
      seconds += sweepSeconds;
      await conversions.sweeper.round();
    }
  }

  async function freeze({ set, after, steps }: Freeze): Promise<void> {
    for (let count = 0; count < after; count += 1) await schedule();
    sets[set].stepper.freeze();
    await sweep(sets[set === 0 ? 1 : 0]);
    for (let count = 0; count < steps; count += 1) await schedule();
    sets[set].stepper.thaw();
  }

  async function freezeAll(): Promise<void> {
    for (const next of plan.freezes) await freeze(next);
  }

  try {
    await letGo(Promise.all([...people.map((person) => person.act()), freezeAll()]));
  } finally {
    // Calls that nobody waited for are let go as well. After a failure too, because the services wait for theirs when they stop.
    interleaved = false;
    while (scheduler.count() > 0) await scheduler.waitOne();
    await activity.quiet();
  }

  for (let round = 0; ; round += 1) {
    await Promise.all(people.map((person) => person.resume()));
    await activity.quiet();
    if (await hasSettled(store)) break;
    if (round === maxDrainRounds) {
      const rows = await Promise.all(people.map(async (person) => await store.get(person.id() ?? '')));
      throw new Error(`stuck: ${JSON.stringify(rows)}`);
    }
    seconds += sweepSeconds;
    for (const { conversions } of sets) await conversions.sweeper.round();
    await activity.quiet();
  }
  for (const { conversions } of sets) await conversions.sweeper.tidy();
  await activity.quiet();
  if (errors.length > 0) throw errors[0];
  await checkOutcome({ people, store, notifications, videos, mp3s, announced });
}
