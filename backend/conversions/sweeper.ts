import type { Logger } from 'pino';
import type { BlobStore } from '../ports/blob-store.ts';
import type { Clock } from '../ports/clock.ts';
import type { ConversionStore, ResumableUpload, ScannedRow } from '../ports/conversion-store.ts';
import type { LeaseStore } from '../ports/lease-store.ts';
import type { NotificationStore } from '../ports/notification-store.ts';
import { createSettledTime } from '../ports/settled-time.ts';
import type { ReportSkipped } from '../ports/skipped-item.ts';
import { videoBlobId } from './blob-names.ts';
import type { Retention } from './conversion-view.ts';
import { secondsUntilDue } from './conversion-work.ts';
import { watchConverters } from './converter-watch.ts';
import { leaseSeconds } from './kept-lease.ts';
import { watchLeases } from './lease-watch.ts';
import type { Publisher } from './publisher.ts';
import type { Rows } from './rows.ts';
import { createTakeOver } from './take-over.ts';
import { createTidier } from './tidier.ts';
import { createTidy } from './tidy.ts';
import { removeUnneeded } from './unneeded-blobs.ts';
import { createCompleteUploads } from './uploads/complete-uploads.ts';
import type { ResumableUploads } from './uploads/resumable-uploads.ts';

/** How often the rows that are uploading or converting are checked. */
const roundEverySeconds = 5;
/** How often tickets are published for rows whose own tickets may have been lost. */
const ticketsEverySeconds = 60;
/**
 * Repairs what a crash, a lost message or a lost machine left behind. Several sweepers may run; each change is a compare-and-set.
 */
export interface Sweeper {
  /**
   * For the process that has just locked an embedded data folder: no other process is running, so this takes over at once all rows
   * that seem to be in progress.
   */
  recover(): Promise<void>;
  /**
   * Checks the rows that are uploading or converting once, and takes over those whose holder is gone. Once a minute, publishes
   * tickets.
   */
  round(): Promise<void>;
  /** Removes blobs that no row needs and everything that has expired, unless another process is doing so. */
  tidy(): Promise<void>;
  /**
   * Does both periodically until `stop`, which waits for the work in progress. With `alone`, no other process is running, and it
   * begins to tidy at once.
   */
  start(alone?: boolean): { stop(): Promise<void> };
}

export interface SweeperParts {
  readonly rows: Rows;
  readonly store: ConversionStore;
  readonly notifications: Pick<NotificationStore, 'removeBefore'>;
  readonly leases: LeaseStore;
  readonly videos: BlobStore;
  readonly mp3s: BlobStore;
  readonly publisher: Publisher;
  readonly clock: Clock;
  readonly retention: Retention;
  readonly uploads: Pick<ResumableUploads, 'settle'>;
  readonly log: Logger;
  readonly skipped: ReportSkipped;
}

export function createSweeper(parts: SweeperParts): Sweeper {
  const { rows, store, videos, publisher, clock, skipped, log } = parts;
  const leaseWatch = watchLeases(clock, roundEverySeconds);
  const complete = createCompleteUploads(parts);
  const converterWatch = watchConverters();
  const settled = createSettledTime(clock);
  const tidy = createTidy({ ...parts, settled });
  const tidier = createTidier({ ...parts, tidy, lookEverySeconds: roundEverySeconds });
  const takeOver = createTakeOver(parts);
  const stopping = new AbortController();
  let ticketsAt = clock.monotonicSeconds();
  const skipRound = (cause: unknown): void => skipped({ kind: 'round', id: 'sweeper', what: 'a round failed', cause });

  /** What goes wrong with one row must not stop the others. */
  async function handle(row: ScannedRow, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (cause) {
      skipped({ kind: 'conversion', id: row.id, what: 'the sweeper could not handle a conversion', cause });
    }
  }

  async function recoverRow(seen: ScannedRow): Promise<void> {
    if (isWaitingUpload(seen)) await complete.settle(seen);
    else await takeOver(seen, 'alone');
  }

  /** Ends a resumable upload that received no bytes for too long. */
  async function expireUpload(seen: ScannedRow): Promise<void> {
    const decided = await rows.decideIfThere(seen.id, (row) =>
      row.revision === seen.revision ? { type: 'abandoned' } : undefined,
    );
    if (!decided?.changed) return;
    const { row } = decided;
    log.info({ conversion: row.id }, 'an upload has expired');
    await publisher.ended(row);
    await removeUnneeded(videos, videoBlobId(row), row, skipped);
  }

  async function lookAt(row: ScannedRow, settledTime: string): Promise<void> {
    if (row.state === 'converting') converterWatch.look(row);
    if (isWaitingUpload(row)) {
      if (row.upload.expiresAt <= settledTime) return await expireUpload(row);
      await complete.look(row);
    } else if (leaseWatch.look(row.id, row.revision) >= leaseSeconds) {
      try {
        await takeOver(row, converterWatch.counts(row) ? 'lost' : 'uncounted');
      } catch (error) {
        // While the store takes no writes, a holder cannot renew its lease either.
        leaseWatch.restart(row.id);
        converterWatch.startAgain();
        throw error;
      }
    }
  }

  async function round(): Promise<void> {
    const settledTime = settled.read()?.toISOString() ?? '';
    converterWatch.beginRound();
    for await (const row of store.scan('working')) {
      if (stopping.signal.aborted) return;
      await handle(row, () => lookAt(row, settledTime));
    }
    leaseWatch.endRound();
    complete.endRound();
    converterWatch.endRound();
    if (clock.monotonicSeconds() - ticketsAt < ticketsEverySeconds) return;
    ticketsAt = clock.monotonicSeconds();
    await publishTickets(parts);
  }

  return {
    async recover() {
      try {
        for await (const scanned of store.scan('working')) await handle(scanned, () => recoverRow(scanned));
      } catch (cause) {
        // The rounds take over what is left, only later.
        skipRound(cause);
      }
    },
    round,
    tidy: () => tidier.pass(),
    start(alone = false) {
      const tidying = alone ? tidier.pass(true).catch(skipRound) : undefined;
      const loops = [repeat(round, skipRound), repeat(tidier.look, skipRound)];
      return {
        async stop() {
          stopping.abort();
          tidier.stop();
          await Promise.all([tidying, ...loops.map((loop) => loop.stop())]);
        },
      };
    },
  };
}

/**
 * Publishes as many tickets for converters as the queue accepts, and one for the notifiers, since each of them checks all
 * batches.
 */
async function publishTickets({ store, publisher, clock }: SweeperParts): Promise<void> {
  const now = clock.now().toISOString();
  for await (const row of store.scan('queued')) {
    if (secondsUntilDue(row, now) === 0 && !(await publisher.queued(row))) break;
  }
  for await (const row of store.untoldBatches()) {
    await publisher.ended(row);
    break;
  }
}

/** Runs `work` every few seconds, but never twice at once. */
function repeat(work: () => Promise<void>, onError: (error: unknown) => void): { stop(): Promise<void> } {
  let running: Promise<void> | undefined;
  const timer = setInterval(() => {
    running ??= work()
      .catch(onError)
      .finally(() => {
        running = undefined;
      });
  }, roundEverySeconds * 1000).unref();
  return {
    async stop() {
      clearInterval(timer);
      await running;
    },
  };
}

/** A resumable upload between two of its requests. It has no holder and needs none. */
function isWaitingUpload(row: ScannedRow): row is ScannedRow & { readonly upload: ResumableUpload } {
  return row.state === 'uploading' && row.upload !== undefined && row.upload.writer === undefined;
}
