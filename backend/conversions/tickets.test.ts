import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { openConversionsDatabase } from '../adapters/embedded/conversions-database.ts';
import { createMemoryEventBus } from '../adapters/embedded/memory-event-bus.ts';
import { createMemoryJobQueue } from '../adapters/embedded/memory-job-queue.ts';
import { createSqliteConversionStore } from '../adapters/embedded/sqlite-conversion-store.ts';
import { createSqliteLeaseStore } from '../adapters/embedded/sqlite-lease-store.ts';
import type { BlobStore } from '../ports/blob-store.ts';
import type { JobQueue, Place } from '../ports/job-queue.ts';
import type { ReportSkipped } from '../ports/skipped-item.ts';
import { createConversionWork } from './conversion-work.ts';
import { newConversion } from './new-conversion.ts';
import { createPublisher } from './publisher.ts';
import { createRows } from './rows.ts';
import { createSweeper } from './sweeper.ts';

const places = 4;
const count = 10_000;
const unused = (): Promise<never> => Promise.reject(new Error('there are no bytes'));
const noBlobs: BlobStore = {
  ...{ append: unused, truncate: unused, finish: unused, open: unused, localFile: unused, stat: unused, room: unused },
  ...{ remove: unused, adopt: unused },
  async *list() {},
};

/** Counts the tickets that `queue` has added. */
function counting(queue: JobQueue): JobQueue & { added: number } {
  return {
    ...queue,
    added: 0,
    async publish(ticket) {
      const isAdded = await queue.publish(ticket);
      if (isAdded) this.added += 1;
      return isAdded;
    },
  };
}

it(`${count} rows that wait for an hour behind busy places cost few tickets, and are taken after that`, {
  timeout: 120_000,
}, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'soundlift-tickets-'));
  const database = openConversionsDatabase(join(folder, 'conversions.db'));
  // This file need not survive a power cut.
  database.prepare('PRAGMA synchronous = OFF').run();
  const store = createSqliteConversionStore(database);
  const events = createMemoryEventBus();
  const log = pino({ level: 'silent' });
  let seconds = 0;
  const clock = { now: () => new Date(1_800_000_000_000 + seconds * 1000), monotonicSeconds: () => seconds };
  const retention = { sourceSeconds: 1, resultSeconds: 1 };
  const errors: unknown[] = [];
  const videoQueue = counting(createMemoryJobQueue((error) => errors.push(error)));
  const mp3Queue = createMemoryJobQueue((error) => errors.push(error));
  const publisher = createPublisher({ videoQueue, mp3Queue, log });
  const rows = createRows({ store, events, clock, log, retention });
  const skipped: ReportSkipped = (item) => void errors.push(item);
  const work = createConversionWork({ rows, store, events, clock, log, publisher, videos: noBlobs, skipped });
  const sweeper = createSweeper({
    ...{ rows, store, publisher, clock, retention, log, videos: noBlobs, mp3s: noBlobs },
    skipped,
    uploads: { settle: unused },
    leases: createSqliteLeaseStore(database),
    notifications: { removeBefore: unused },
  });

  const hour = Promise.withResolvers<void>();
  let converted = 0;
  const consumer = await videoQueue.consume(
    async (place: Place) => {
      while (place.mayGoOn()) {
        await hour.promise;
        const taken = await work.take();
        if (taken.kind !== 'work') return;
        await using one = taken.work;
        await one.finish({ fileName: 'a.mp3', bytes: 1, durationSeconds: 1, sha256: 'ab', peaks: [] }, []);
        converted += 1;
      }
    },
    { places },
  );
  try {
    database.prepare('BEGIN').run();
    for (let index = 0; index < count; index += 1) {
      const intake = { fileName: 'a.mp4', options: { format: 'mp3' } } as const;
      const row = newConversion(`owner ${index % 7}`, intake, { kind: 'file', path: '/a.mp4' }, 1, clock.now());
      await rows.insert(row);
      await publisher.queued(row);
    }
    database.prepare('COMMIT').run();
    for (let minute = 0; minute < 60; minute += 1) {
      seconds += 60;
      await sweeper.round();
    }
    expect(videoQueue.added).toBe(2 * places);
    hour.resolve();
    await expect.poll(() => converted, { timeout: 40_000 }).toBeGreaterThan(500);
    expect(errors).toEqual([]);
    await consumer.stop();
  } finally {
    await events.close();
    database[Symbol.dispose]();
    await rm(folder, { recursive: true });
  }
});
