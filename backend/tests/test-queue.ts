import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { openConversionsDatabase } from '../adapters/embedded/conversions-database.ts';
import { createMemoryEventBus } from '../adapters/embedded/memory-event-bus.ts';
import { createSqliteConversionStore } from '../adapters/embedded/sqlite-conversion-store.ts';
import { createConversionWork } from '../conversions/conversion-work.ts';
import { createRows } from '../conversions/rows.ts';
import type { ConversionStore } from '../ports/conversion-store.ts';
import { blobsWithoutBytes } from './stores/blobs-without-bytes.ts';

/** For tests: the queue in its own file, which need not survive a power cut. */
export async function openTestQueue() {
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

/** For tests: the services that take and change rows of `store`, without videos and messages. `now` is in seconds. */
export function createQueueServices(store: ConversionStore, now: () => number) {
  const events = createMemoryEventBus();
  const log = pino({ level: 'silent' });
  const clock = { now: () => new Date(1_800_000_000_000 + now() * 1000), monotonicSeconds: now };
  const rows = createRows({ store, events, clock, log, retention: { sourceSeconds: 1, resultSeconds: 1 } });
  const work = createConversionWork({
    ...{ rows, store, events, clock, log },
    skipped({ cause }) {
      throw cause;
    },
    // The rows' videos are files, so nothing may be removed.
    videos: { ...blobsWithoutBytes(new Set()), remove: () => Promise.reject(new Error('there are no bytes')) },
    publisher: { queued: async () => true, ended: async () => true, poisoned: () => undefined },
  });
  async function insert(id: string, owner: string): Promise<void> {
    const at = clock.now().toISOString();
    await rows.insert({
      ...{ id, owner, state: 'queued', attempt: 1, revision: 1, fileName: 'a.mp4', progress: 0 },
      ...{ source: { kind: 'file', path: '/a.mp4' }, sourceBytes: 1, options: { format: 'mp3' }, lostLeases: 0 },
      ...{ warnings: [], createdAt: at, updatedAt: at },
    });
  }
  return { rows, work, insert, [Symbol.asyncDispose]: () => events.close() };
}
