import { rm } from 'node:fs/promises';
import type { Logger } from 'pino';
import { openEmbeddedStores } from '../adapters/embedded/embedded-stores.ts';
import { createMemoryEventBus } from '../adapters/embedded/memory-event-bus.ts';
import { createMemoryJobQueue } from '../adapters/embedded/memory-job-queue.ts';
import { createMemoryRateLimit } from '../adapters/embedded/memory-rate-limit.ts';
import { keepReserve } from '../adapters/embedded/reserve-file.ts';
import { freeBytes } from '../adapters/embedded/volume-space.ts';
import { keepSigningSecret } from '../auth/signing-key.ts';
import { systemClock } from '../ports/clock.ts';
import type { Parts } from './parts.ts';

/**
 * Makes the embedded parts: SQLite, files and memory. Everything is stored in `dataFolder`, which is made if it is missing and
 * stays locked until the parts are disposed of. Throws `data_in_use` while another process has the folder, `unavailable` if it
 * cannot be used. `dataFolder` is an absolute path. A temporary folder is not used after this process.
 */
export async function openEmbeddedParts(
  dataFolder: string,
  log: Logger,
  options: { readonly temporary?: boolean } = {},
): Promise<Parts> {
  await using opened = new AsyncDisposableStack();
  const { folder, limits, died, ...stores } = opened.use(await openEmbeddedStores(dataFolder, options));
  // This process has the lock, so every process that wrote to this folder has ended.
  await rm(folder.work, { recursive: true, force: true });
  opened.use(await keepReserve(folder.reserve, limits, log));

  const events = createMemoryEventBus((error) => log.error({ err: error }, 'a listener failed'));
  opened.defer(() => events.close());
  const videoQueue = createMemoryJobQueue((error) => log.error({ err: error }, 'a job of the converter failed'));
  opened.defer(() => videoQueue.close());
  const mp3Queue = createMemoryJobQueue((error) => log.error({ err: error }, 'a job of the notifier failed'));
  opened.defer(() => mp3Queue.close());

  const kept = opened.move();
  return {
    ...stores,
    rateLimit: createMemoryRateLimit(systemClock),
    videoQueue,
    mp3Queue,
    events,
    clock: systemClock,
    log,
    workFolder: folder.work,
    // The work folder may not be there, but is on the same volume.
    workRoom: async () => (await freeBytes(folder.path)) - limits.workFloor,
    exclusive: true,
    broken: died,
    signingSecret: () => keepSigningSecret(folder.path),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
