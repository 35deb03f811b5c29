import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { pino } from 'pino';
import { openConversionsDatabase } from '../../backend/adapters/embedded/conversions-database.ts';
import { openEmbeddedStores } from '../../backend/adapters/embedded/embedded-stores.ts';
import { createMemoryEventBus } from '../../backend/adapters/embedded/memory-event-bus.ts';
import { createSqliteConversionStore } from '../../backend/adapters/embedded/sqlite-conversion-store.ts';
import { createNotifierSide } from '../../backend/conversions/conversions.ts';
import { systemClock } from '../../backend/ports/clock.ts';
import { exampleEnded } from '../../backend/ports/conversion-examples.ts';
import type { ConversionRow } from '../../backend/ports/conversion-store.ts';
import { startServerProcess } from '../../backend/tests/running/server-process.ts';
import { cpuSecondsOf, median } from './measure.ts';

const batchSize = 10_000;
const historyRows = 100_000;
const rounds = 5;

/** Rows that have ended, as a server's history has them. */
async function fill(dataFolder: string, count: number, given: Partial<ConversionRow>): Promise<void> {
  await mkdir(dataFolder, { recursive: true });
  using database = openConversionsDatabase(join(dataFolder, 'conversions.db'));
  const store = createSqliteConversionStore(database);
  const endedAt = new Date().toISOString();
  const peaks = Array.from({ length: 400 }, (_, index) => index % 256);
  const result = { fileName: 'talk.mp3', bytes: 5_000_000, durationSeconds: 600, sha256: 'f'.repeat(64), peaks };
  database.prepare('BEGIN').run();
  for (let index = 0; index < count; index += 1) {
    const times = { createdAt: endedAt, updatedAt: endedAt, endedAt };
    await store.insert(
      exampleEnded('done', { ...times, sourceGone: true, result, owner: `owner ${index % 20}`, ...given }),
    );
  }
  database.prepare('COMMIT').run();
}

/** The median of how long the event loop stands still at the end of a batch, in this process. */
export async function measureBatchEnd(folder: string) {
  const held: number[] = [];
  const walls: number[] = [];
  const cpus: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const dataFolder = join(folder, String(round));
    await fill(dataFolder, batchSize, { owner: 'anna', batchId: 'batch', batchSize });
    await using stores = await openEmbeddedStores(dataFolder);
    const events = createMemoryEventBus();
    const { batches } = createNotifierSide({
      ...stores,
      store: stores.conversions,
      events,
      clock: systemClock,
      log: pino({ level: 'silent' }),
      retention: { sourceSeconds: 86_400, resultSeconds: 30 * 86_400 },
      sendsMail: true,
    });
    const loop = monitorEventLoopDelay({ resolution: 1 });
    loop.enable();
    await delay(20);
    loop.reset();
    // After a reset, the monitor measures from its next tick on.
    await delay(20);
    const cpuBefore = process.cpuUsage();
    const began = performance.now();
    const made = await batches.tellOfEnds();
    walls.push((performance.now() - began) / 1000);
    const { user, system } = process.cpuUsage(cpuBefore);
    cpus.push((user + system) / 1e6);
    await delay(20);
    held.push(loop.max / 1e6);
    loop.disable();
    if (made.length !== 1) throw new Error('the batch has not made its notification');
    await events.close();
  }
  await rm(folder, { recursive: true });
  return { heldMilliseconds: median(held), wallSeconds: median(walls), cpuSeconds: median(cpus) };
}

/** Medians of starts until the server listens, with a long history and with none, in turn. */
export async function measureStarts(folder: string) {
  const long = join(folder, 'history');
  await fill(long, historyRows, { notificationId: 'told' });
  const took = { long: [] as number[], longCpu: [] as number[], empty: [] as number[], emptyCpu: [] as number[] };
  for (let round = 0; round < rounds; round += 1) {
    const withRows = await startOnce(long);
    took.long.push(withRows.milliseconds);
    took.longCpu.push(withRows.cpuSeconds);
    const without = await startOnce(join(folder, `empty-${round}`));
    took.empty.push(without.milliseconds);
    took.emptyCpu.push(without.cpuSeconds);
  }
  return {
    longMilliseconds: median(took.long),
    longCpuSeconds: median(took.longCpu),
    emptyMilliseconds: median(took.empty),
    emptyCpuSeconds: median(took.emptyCpu),
  };
}

async function startOnce(dataFolder: string): Promise<{ readonly milliseconds: number; readonly cpuSeconds: number }> {
  const began = performance.now();
  await using running = await startServerProcess({ dataFolder });
  const answer = await fetch(`${running.url}/readyz`);
  await answer.text();
  const milliseconds = performance.now() - began;
  const cpuSeconds = await cpuSecondsOf(running.pid);
  await running.stop();
  return { milliseconds, cpuSeconds };
}
