import { AsyncLocalStorage } from 'node:async_hooks';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Logger, pino } from 'pino';
import { eventKinds, type ServerEvent } from '../../shared/events.ts';
import { openFileBlobStore } from '../adapters/embedded/file-blob-store.ts';
import { createMemoryEventBus, maxWaitingMessages } from '../adapters/embedded/memory-event-bus.ts';
import type { Taken } from '../conversions/conversion-work.ts';
import type { OnTransition } from '../conversions/rows.ts';
import type { OwnedEvent } from '../messages.ts';
import type { BlobStore } from '../ports/blob-store.ts';
import type { Clock } from '../ports/clock.ts';
import type { ConversionStore } from '../ports/conversion-store.ts';
import { type EventBus, everyone } from '../ports/event-bus.ts';
import { type DeadLetter, type JobQueue, toDeadLetter } from '../ports/job-queue.ts';
import type { LeaseStore } from '../ports/lease-store.ts';
import type { MailOutboxStore } from '../ports/mail-outbox-store.ts';
import type { NotificationStore } from '../ports/notification-store.ts';
import type { ReportSkipped } from '../ports/skipped-item.ts';
import { type Conversions, createConversions } from './all-sides.ts';
import { openStores } from './stores/open-stores.ts';

/** Conversions over real embedded stores, with a clock and queues that the test controls. */
export interface TestConversions extends AsyncDisposable {
  /** What it stores: `conversions.db`, `videos` and `mp3s`. */
  readonly folder: string;
  readonly conversions: Conversions;
  readonly store: ConversionStore;
  readonly notifications: NotificationStore;
  readonly leases: LeaseStore;
  readonly mailOutbox: MailOutboxStore;
  readonly videos: BlobStore;
  readonly mp3s: BlobStore;
  readonly clock: Clock;
  readonly skipped: ReportSkipped;
  /** What was skipped so far, as `KIND ID`. */
  readonly skippedItems: readonly string[];
  readonly events: EventBus;
  /** While it is cut, messages on the bus are lost. `mend` ends this and causes a gap for all subscriptions. */
  readonly line: { cut(): void; mend(): Promise<void> };
  /** All events that were published so far. */
  readonly told: readonly ServerEvent[];
  readonly videoQueue: HeldQueue;
  readonly mp3Queue: HeldQueue;
  /** Takes this conversion regardless of turns, if it is queued. */
  take(id: string): Promise<Taken>;
  /** Moves both clocks forward. */
  pass(seconds: number): void;
  /** Moves the wall clock alone, forward or back. */
  jump(seconds: number): void;
}

/** A queue that delivers nothing. The test reads what was published, and the dead letters. */
export interface HeldQueue extends JobQueue {
  /** The ids that were published since the previous call. */
  take(): readonly string[];
  /** While true, publishing throws. */
  down: boolean;
  /** How many tickets the queue accepts until the next `take`. */
  room: number;
}

export interface TestConversionsOptions {
  /** Awaited before and after calls to a store, so that other work runs in between. */
  readonly pause?: () => Promise<void>;
  /** Whether the ends of batches are mailed. */
  readonly sendsMail?: boolean;
  readonly onTransition?: OnTransition;
  readonly log?: Logger;
}

export async function makeTestConversions(options: TestConversionsOptions = {}): Promise<TestConversions> {
  const { pause, sendsMail = false, onTransition, log = pino({ level: 'silent' }) } = options;
  const folder = await mkdtemp(join(tmpdir(), 'soundlift-conversions-'));
  const skippedItems: string[] = [];
  const skipped: ReportSkipped = ({ kind, id }) => void skippedItems.push(`${kind} ${id}`);
  const stores = await openStores('conversions', join(folder, 'conversions.db'), skipped);
  const videos = await openFileBlobStore(join(folder, 'videos'), { onSkipped: skipped });
  const mp3s = await openFileBlobStore(join(folder, 'mp3s'), { onSkipped: skipped });
  const bus = createMemoryEventBus();
  let isCut = false;
  const events: EventBus = {
    ...bus,
    publish: (event) => isCut || bus.publish(event),
    publishInternal: (message) => isCut || bus.publishInternal(message),
  };
  const line = {
    cut() {
      isCut = true;
    },
    async mend() {
      if (!isCut) return;
      isCut = false;
      const nothing: OwnedEvent = { owner: 'nobody', event: { type: 'read', ids: [] } };
      for (let count = 0; count <= maxWaitingMessages; count++) bus.publish(nothing);
      // Anything published in this turn would be lost too.
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
  const told: ServerEvent[] = [];
  events.subscribe({ owner: everyone, kinds: eventKinds }, ({ owner, event }) => {
    if (owner !== 'nobody') told.push(event);
  });
  const videoQueue = heldQueue();
  const mp3Queue = heldQueue();
  let seconds = 0;
  let jumped = 0;
  const clock: Clock = {
    now: () => new Date(1_800_000_000_000 + (seconds + jumped) * 1000),
    monotonicSeconds: () => seconds,
  };
  const wanted = new AsyncLocalStorage<string>();
  const store = outOfTurn(stores.conversions, wanted);
  const conversions = createConversions({
    store: pause === undefined ? store : pausing(store, pause),
    notifications: stores.notifications,
    leases: stores.leases,
    mailOutbox: stores.mailOutbox,
    videos,
    mp3s,
    videoQueue,
    mp3Queue,
    events,
    clock,
    log,
    retention: { sourceSeconds: 24 * 3600, resultSeconds: 30 * 24 * 3600 },
    skipped,
    sendsMail,
    ...(onTransition === undefined ? {} : { onTransition }),
  });
  return {
    folder,
    conversions,
    store: stores.conversions,
    notifications: stores.notifications,
    leases: stores.leases,
    mailOutbox: stores.mailOutbox,
    videos,
    mp3s,
    clock,
    skipped,
    skippedItems,
    events,
    line,
    told,
    videoQueue,
    mp3Queue,
    take: (id) => wanted.run(id, () => conversions.work.take()),
    pass(more) {
      seconds += more;
    },
    jump(more) {
      jumped += more;
    },
    async [Symbol.asyncDispose]() {
      conversions.close();
      await events.close();
      await stores[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
}

/** Tidies now and an hour later: what has expired is removed then. */
export async function tidyForAnHour({ conversions, pass }: TestConversions): Promise<void> {
  await conversions.sweeper.tidy();
  pass(3600);
  await conversions.sweeper.tidy();
}

/** Returns the wanted row as the next queued one, with a turn that nobody has had, if a row is wanted. */
export function outOfTurn(store: ConversionStore, wanted: AsyncLocalStorage<string>): ConversionStore {
  return {
    ...store,
    // Looked up at each call, so that a test can make the store fail.
    changes: (query) => store.changes(query),
    changesAfter: (query) => store.changesAfter(query),
    replace: (expected, next) => store.replace(expected, next),
    async nextQueued(...times) {
      const id = wanted.getStore();
      if (id === undefined) return await store.nextQueued(...times);
      const [row, next] = [await store.get(id), await store.nextQueued(...times)];
      return row?.state === 'queued' && next !== undefined ? { row, turn: next.turn + 1 } : undefined;
    },
  };
}

function pausing(store: ConversionStore, pause: () => Promise<void>): ConversionStore {
  return {
    ...store,
    async insert(row, most) {
      await pause();
      const inserted = await store.insert(row, most);
      await pause();
      return inserted;
    },
    get: (id) => pause().then(() => store.get(id)),
    nextQueued: (...times) => pause().then(() => store.nextQueued(...times)),
    async replace(expected, next) {
      await pause();
      const replaced = await store.replace(expected, next);
      await pause();
      return replaced;
    },
    async changesAfter(query) {
      await pause();
      const changes = await store.changesAfter(query);
      await pause();
      return changes;
    },
    async changes(query) {
      await pause();
      const changes = await store.changes(query);
      await pause();
      return changes;
    },
  };
}

function heldQueue(): HeldQueue {
  let published: string[] = [];
  const dead: DeadLetter[] = [];
  return {
    down: false,
    room: Number.POSITIVE_INFINITY,
    async publish({ conversionId }) {
      if (this.down) throw new Error('the queue cannot be reached');
      if (published.length >= this.room) return false;
      published.push(conversionId);
      return true;
    },
    take() {
      const taken = published;
      published = [];
      return taken;
    },
    consume: () => Promise.reject(new Error('this queue delivers nothing')),
    async bury(ticket, cause) {
      if (this.down) throw new Error('the queue cannot be reached');
      dead.push(toDeadLetter({ id: String(dead.length), body: JSON.stringify(ticket), cause }));
    },
    deadLetters: async () => dead,
    dropDeadLetters: () => Promise.reject(new Error('this queue keeps its dead letters')),
    close: () => Promise.resolve(),
  };
}
