import { rm } from 'node:fs/promises';
import type { Logger } from 'pino';
import type { AppError } from '../../shared/errors.ts';
import { inDataFolder } from '../adapters/embedded/data-folder.ts';
import { openEmbeddedStores } from '../adapters/embedded/embedded-stores.ts';
import { createMemoryEventBus } from '../adapters/embedded/memory-event-bus.ts';
import { createMemoryJobQueue } from '../adapters/embedded/memory-job-queue.ts';
import { createMemoryRateLimit } from '../adapters/embedded/memory-rate-limit.ts';
import { keepReserve } from '../adapters/embedded/reserve-file.ts';
import { freeBytes } from '../adapters/embedded/volume-space.ts';
import { keepSigningSecret } from '../auth/signing-key.ts';
import { createSkipLog } from '../conversions/skip-log.ts';
import { systemClock } from '../ports/clock.ts';
import type { SkippedItem } from '../ports/skipped-item.ts';
import type { Parts } from './parts.ts';

/** How long after the start the databases are read as a whole. */
const checkAfterSeconds = 2;
const damageAdvice =
  'Stop Soundlift and put back a copy of its data folder, or mend the file, for example with .recover of the sqlite3 program.';

export interface EmbeddedPartsOptions {
  /** What sentences about the data folder call it. */
  readonly called?: string;
  /** Whether the data folder is not used after this process. */
  readonly temporary?: boolean;
  /** Called for each line that is logged about a skipped item. */
  readonly onSkipped?: (item: SkippedItem) => void;
}

/**
 * Makes the embedded parts: SQLite, files and memory. Everything is stored in `dataFolder`, which is made if it is missing and
 * stays locked until the parts are disposed of. Throws `data_in_use` while another server has the folder, `data_unusable` or
 * `unsupported` if it cannot be used. `dataFolder` is an absolute path.
 */
export async function openEmbeddedParts(
  dataFolder: string,
  log: Logger,
  { called, temporary = false, onSkipped }: EmbeddedPartsOptions = {},
): Promise<Parts> {
  await using opened = new AsyncDisposableStack();
  const skipped = createSkipLog({ clock: systemClock, log, ...(onSkipped === undefined ? {} : { onSkipped }) });
  let damage: AppError | undefined;
  function onDamaged(error: AppError): void {
    if (damage === undefined) log.error({ err: error }, `${error.message} ${damageAdvice}`);
    damage ??= error;
  }
  const options = { temporary, onSkipped: skipped, onDamaged, ...(called === undefined ? {} : { called }) };
  const { folder, limits, died, check, ...stores } = opened.use(await openEmbeddedStores(dataFolder, options));
  // This process has the lock, so every process that wrote to this folder has ended.
  await rm(folder.work, { recursive: true, force: true }).catch((cause: unknown) => {
    skipped({ kind: 'folder', id: 'work', what: 'could not remove old temporary files', cause });
  });
  opened.use(await keepReserve(folder.reserve, limits, log));
  // Takes seconds for a large history, so the start does not wait for it.
  const checking = setTimeout(() => {
    check().then(
      (error) => error && onDamaged(error),
      (error: unknown) => log.warn({ err: error }, 'could not check the databases'),
    );
  }, checkAfterSeconds * 1000).unref();
  opened.defer(() => clearTimeout(checking));

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
    skipped,
    damage: () => damage,
    signingSecret: () => inDataFolder(folder, () => keepSigningSecret(folder.path)),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
