import type { Logger } from 'pino';
import { AppError } from '../../shared/errors.ts';
import type { BlobStore } from '../ports/blob-store.ts';
import type { Clock } from '../ports/clock.ts';
import type { ConversionRow, ConversionStore, ResumableUpload } from '../ports/conversion-store.ts';
import { mp3BlobId, parseMp3BlobId, videoBlobId, wantsMp3, wantsVideo } from './blob-names.ts';
import { expiry, type Retention } from './conversion-view.ts';
import { toConversionError } from './conversion-work.ts';
import { renewEverySeconds } from './lease.ts';
import { watchLeases } from './lease-watch.ts';
import type { Publisher } from './publisher.ts';
import type { Rows } from './rows.ts';
import type { ResumableUploads } from './uploads/resumable-uploads.ts';

/** How often the rows that are under way are looked at. */
const roundEverySeconds = 5;
/** DESIGN: a lease that stood still for this long may be taken over. */
const leaseSeconds = 3 * renewEverySeconds;
/** How often tickets are published for rows whose own tickets may be lost. */
const ticketsEverySeconds = 60;
/** How often files and old rows are looked at: none of them is in a hurry. */
const tidyEverySeconds = 3600;
/** How long a removed row still tells that it went. */
const tombstoneSeconds = 7 * 24 * 3600;
/** A conversion over which so many converters were lost is what kills them. Generous: a machine may be switched off often. */
const maxLostLeases = 100;

/** Puts right what a crash, a lost message or a lost machine left behind. Several may run; each change is a compare-and-set. */
export interface Sweeper {
  /**
   * For the holder of an embedded data folder's lock, at the start: nobody else works, so what looks as if it were under way is
   * taken over at once, and files that no row names are removed.
   */
  recover(): Promise<void>;
  /** One look at all rows under way: takes over what its holder left and, once a minute, publishes tickets for what waits. */
  round(): Promise<void>;
  /** Removes files that no row wants, and what has expired. */
  tidy(): Promise<void>;
  /** Does both now and then, until `stop`, which waits for what is under way. */
  start(): { stop(): Promise<void> };
}

export interface SweeperParts {
  readonly rows: Rows;
  readonly store: ConversionStore;
  readonly videos: BlobStore;
  readonly mp3s: BlobStore;
  readonly publisher: Publisher;
  readonly clock: Clock;
  readonly retention: Retention;
  readonly uploads: Pick<ResumableUploads, 'settle'>;
  readonly log: Logger;
}

export function createSweeper(parts: SweeperParts): Sweeper {
  const { rows, store, videos, mp3s, publisher, clock, retention, uploads, log } = parts;
  const leaseWatch = watchLeases(clock, roundEverySeconds);
  let ticketsAt = clock.monotonicSeconds();

  /** Undoes a multipart upload, or puts a conversion back in the queue, whose holder is gone since the row was at `seen`. */
  async function takeOver(seen: ConversionRow): Promise<void> {
    const { record, changed } = await rows.decide(seen.id, (row) => {
      if (row.revision !== seen.revision) return undefined;
      if (row.upload?.writer !== undefined) return { type: 'writer_lost' };
      if (row.state === 'uploading') return { type: 'abandoned' };
      if (row.state !== 'converting') return undefined;
      if (row.lostLeases + 1 < maxLostLeases) return { type: 'lost' };
      const error = new AppError('converter_failed', 'Something in this video stops the converter each time.');
      return { type: 'failed', error: toConversionError(error) };
    });
    if (!changed) return;
    log.warn({ conversion: record.id, was: seen.state, attempt: record.attempt }, 'took over what its holder left');
    if (record.state === 'queued') await publisher.queued(record);
    else if (record.state === 'failed') await publisher.ended(record);
    else if (record.state === 'uploading') await uploads.settle(record);
    else await videos.remove(videoBlobId(record));
  }

  /** Ends a resumable upload that nobody has gone on with for long enough. */
  async function expireUpload(seen: ConversionRow): Promise<void> {
    const { record, changed } = await rows.decide(seen.id, (row) =>
      row.revision === seen.revision ? { type: 'abandoned' } : undefined,
    );
    if (!changed) return;
    log.info({ conversion: record.id }, 'an upload has expired');
    await publisher.ended(record);
    await videos.remove(videoBlobId(record));
  }

  async function lookAt(record: ConversionRow): Promise<void> {
    const stillSeconds = leaseWatch.look(record.id, record.revision);
    if (isWaiting(record)) {
      if (Date.parse(record.upload.expiresAt) <= clock.now().getTime()) await expireUpload(record);
      return;
    }
    if (record.state !== 'queued' && stillSeconds >= leaseSeconds) await takeOver(record);
  }

  /** As many tickets for converters as the queue takes, one for notifiers: they look at all batches. */
  async function publishTickets(): Promise<void> {
    const now = clock.monotonicSeconds();
    if (now - ticketsAt < ticketsEverySeconds) return;
    ticketsAt = now;
    for await (const record of store.scan('active')) {
      if (isDue(record) && !(await publisher.queued(record))) break;
    }
    for await (const record of store.scan('untold')) {
      await publisher.ended(record);
      break;
    }
  }

  function isDue({ state, notBefore }: ConversionRow): boolean {
    return state === 'queued' && (notBefore === undefined || Date.parse(notBefore) <= clock.now().getTime());
  }

  async function expire(seen: ConversionRow): Promise<void> {
    const now = clock.now().getTime();
    const age = (since: string | undefined): number => (since === undefined ? 0 : (now - Date.parse(since)) / 1000);
    if (seen.removedAt !== undefined) {
      if (age(seen.removedAt) >= tombstoneSeconds) await store.forget(seen);
      return;
    }
    const due = expiry(seen, retention);
    const { record, changed } = await rows.decide(seen.id, (row) => {
      if (row.revision !== seen.revision) return undefined;
      if (age(row.endedAt) >= retention.resultSeconds) return { type: 'removed' };
      return due !== undefined && due.getTime() <= now && row.state !== 'done' ? { type: 'source_gone' } : undefined;
    });
    if (!changed) return;
    await videos.remove(videoBlobId(record));
    if (record.removedAt !== undefined) await mp3s.remove(mp3BlobId(record));
  }

  async function tidy(): Promise<void> {
    for await (const record of store.scan('ended')) await expire(record);
    for await (const { id } of videos.list()) {
      if (!wantsVideo(await store.get(id))) await videos.remove(id);
    }
    for await (const { id } of mp3s.list()) {
      const named = parseMp3BlobId(id);
      if (named === undefined || !wantsMp3(await store.get(named.id), named.attempt)) await mp3s.remove(id);
    }
  }

  async function round(): Promise<void> {
    for await (const record of store.scan('active')) await lookAt(record);
    leaseWatch.endRound();
    await publishTickets();
  }

  return {
    async recover() {
      for await (const record of store.scan('active')) {
        if (isWaiting(record)) await uploads.settle(record);
        else if (record.state !== 'queued') await takeOver(record);
      }
      await tidy();
    },
    round,
    tidy,
    start() {
      let running: Promise<void> = Promise.resolve();
      const every = (seconds: number, work: () => Promise<void>): NodeJS.Timeout =>
        setInterval(() => {
          running = running
            .then(work)
            .catch((error: unknown) => log.error({ err: error }, 'the sweeper failed this time'));
        }, seconds * 1000).unref();
      const timers = [every(roundEverySeconds, round), every(tidyEverySeconds, tidy)];
      return {
        async stop() {
          for (const timer of timers) clearInterval(timer);
          await running;
        },
      };
    },
  };
}

/** A resumable upload between two of its requests: nobody holds a lease, and nobody needs to. */
function isWaiting(record: ConversionRow): record is ConversionRow & { readonly upload: ResumableUpload } {
  return record.state === 'uploading' && record.upload !== undefined && record.upload.writer === undefined;
}
