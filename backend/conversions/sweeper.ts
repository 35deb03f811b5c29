import type { Logger } from 'pino';
import { AppError } from '../../shared/errors.ts';
import type { BlobStore } from '../ports/blob-store.ts';
import type { Clock } from '../ports/clock.ts';
import type { ConversionStore, ResumableUpload, ScannedRow } from '../ports/conversion-store.ts';
import type { LeaseStore } from '../ports/lease-store.ts';
import { blobFence, videoBlobId } from './blob-names.ts';
import type { Retention } from './conversion-view.ts';
import { toConversionError } from './conversion-work.ts';
import { leaseSeconds } from './kept-lease.ts';
import { watchLeases } from './lease-watch.ts';
import type { Publisher } from './publisher.ts';
import type { Rows } from './rows.ts';
import { createTidier } from './tidier.ts';
import { createTidy } from './tidy.ts';
import type { ResumableUploads } from './uploads/resumable-uploads.ts';

/** How often the rows that are uploading or converting are looked at. */
const roundEverySeconds = 5;
/** How often tickets are published for rows whose own tickets may be lost. */
const ticketsEverySeconds = 60;
/** A conversion over which so many converters were lost is what kills them. Generous: a machine may be switched off often. */
const maxLostLeases = 100;

/** Puts right what a crash, a lost message or a lost machine left behind. Several may run; each change is a compare-and-set. */
export interface Sweeper {
  /**
   * For the process that holds the lock of an embedded data folder, at its start: no other process works, so rows that look as if
   * they were under way are taken over at once. Tidies, too.
   */
  recover(): Promise<void>;
  /** One look at the rows that are uploading or converting: takes over what its holder left. Once a minute, publishes tickets. */
  round(): Promise<void>;
  /** Removes blobs that no row wants, and what has expired, unless another process is at it. */
  tidy(): Promise<void>;
  /** Does both now and then, until `stop`, which waits for what is under way. */
  start(): { stop(): Promise<void> };
}

export interface SweeperParts {
  readonly rows: Rows;
  readonly store: ConversionStore;
  readonly leases: LeaseStore;
  readonly videos: BlobStore;
  readonly mp3s: BlobStore;
  readonly publisher: Publisher;
  readonly clock: Clock;
  readonly retention: Retention;
  readonly uploads: Pick<ResumableUploads, 'settle'>;
  readonly log: Logger;
}

export function createSweeper(parts: SweeperParts): Sweeper {
  const { rows, store, videos, publisher, clock, uploads, log } = parts;
  const leaseWatch = watchLeases(clock, roundEverySeconds);
  const tidier = createTidier({ ...parts, tidy: createTidy(parts), lookEverySeconds: roundEverySeconds });
  let ticketsAt = clock.monotonicSeconds();

  /** Undoes a multipart upload, or puts a conversion back in the queue, whose holder is gone since the row was at `seen`. */
  async function takeOver(seen: ScannedRow): Promise<void> {
    const decided = await rows.decideIfThere(seen.id, (row) => {
      if (row.revision !== seen.revision) return undefined;
      if (row.upload?.writer !== undefined) return { type: 'writer_lost' };
      if (row.state === 'uploading') return { type: 'abandoned' };
      if (row.state !== 'converting') return undefined;
      if (row.lostLeases + 1 < maxLostLeases) return { type: 'lost' };
      const error = new AppError('converter_failed', 'Something in this video stops the converter each time.');
      return { type: 'failed', error: toConversionError(error) };
    });
    if (!decided?.changed) return;
    const { record } = decided;
    log.warn({ conversion: record.id, was: seen.state, attempt: record.attempt }, 'took over what its holder left');
    if (record.state === 'queued') await publisher.queued(record);
    else if (record.state === 'failed') await publisher.ended(record);
    else if (record.state === 'uploading') await uploads.settle(record);
    else await videos.remove(videoBlobId(record), blobFence(record));
  }

  /** Ends a resumable upload that its client has left alone for too long. */
  async function expireUpload(seen: ScannedRow): Promise<void> {
    const decided = await rows.decideIfThere(seen.id, (row) =>
      row.revision === seen.revision ? { type: 'abandoned' } : undefined,
    );
    if (!decided?.changed) return;
    const { record } = decided;
    log.info({ conversion: record.id }, 'an upload has expired');
    await publisher.ended(record);
    await videos.remove(videoBlobId(record), blobFence(record));
  }

  async function lookAt(row: ScannedRow): Promise<void> {
    if (isWaitingUpload(row)) {
      if (Date.parse(row.upload.expiresAt) <= clock.now().getTime()) await expireUpload(row);
    } else if (leaseWatch.look(row.id, row.revision) >= leaseSeconds) {
      await takeOver(row);
    }
  }

  /** Publishes as many tickets for converters as the queue takes, and one for notifiers, who look at all batches. */
  async function publishTickets(): Promise<void> {
    const now = clock.now().toISOString();
    for await (const row of store.scan('queued')) {
      const isDue = row.notBefore === undefined || row.notBefore <= now;
      if (isDue && !(await publisher.queued(row))) break;
    }
    for await (const row of store.untoldBatches()) {
      await publisher.ended(row);
      break;
    }
  }

  async function round(): Promise<void> {
    for await (const row of store.scan('working')) await lookAt(row);
    leaseWatch.endRound();
    if (clock.monotonicSeconds() - ticketsAt < ticketsEverySeconds) return;
    ticketsAt = clock.monotonicSeconds();
    await publishTickets();
  }

  return {
    async recover() {
      for await (const row of store.scan('working')) {
        if (!isWaitingUpload(row)) await takeOver(row);
        else {
          const record = await store.get(row.id);
          if (record !== undefined) await uploads.settle(record);
        }
      }
      await tidier.pass(true);
    },
    round,
    tidy: () => tidier.pass(),
    start() {
      const loops = [repeat(round, log), repeat(tidier.look, log)];
      return {
        async stop() {
          tidier.stop();
          await Promise.all(loops.map((loop) => loop.stop()));
        },
      };
    },
  };
}

/** Runs `work` every few seconds, but never twice at once. */
function repeat(work: () => Promise<void>, log: Logger): { stop(): Promise<void> } {
  let running: Promise<void> | undefined;
  const timer = setInterval(() => {
    running ??= work()
      .catch((error: unknown) => log.error({ err: error }, 'the sweeper failed this time'))
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

/** A resumable upload between two of its requests: nobody holds a lease, and nobody needs to. */
function isWaitingUpload(row: ScannedRow): row is ScannedRow & { readonly upload: ResumableUpload } {
  return row.state === 'uploading' && row.upload !== undefined && row.upload.writer === undefined;
}
