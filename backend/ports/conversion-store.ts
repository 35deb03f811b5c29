import type { ConversionError, ConversionState, Page, Result, Track, Warning } from '../../shared/api.ts';
import type { OutputOptions } from '../../shared/formats.ts';
import type { Changes, ChangesQuery } from './changes.ts';

/** Where a conversion's video is: its own blob in `videos`, or a file on this computer that is read in place. */
export type ConversionSource = { readonly kind: 'blob' } | { readonly kind: 'file'; readonly path: string };

/** What is kept of an upload that may go on after it was cut off. */
export interface ResumableUpload {
  /** How long the video will be; absent while its client has not said. */
  readonly bytes?: number;
  /** The client's own words about it, to be told back. */
  readonly metadata?: string;
  /** When it goes with its bytes, if nothing more comes. */
  readonly expiresAt: string;
  /** Who writes to it now, by a name of that one request's own. */
  readonly writer?: string;
  /** Bytes of its blob from here on do not count: whether they are the right ones was not found out yet. */
  readonly unverifiedFrom?: number;
}

/** A result as it is kept: with the peaks. Only `get` gives them; in pages and lists the array is empty. */
export interface StoredResult extends Result {
  readonly peaks: readonly number[];
}

/** A conversion's row: the truth about it. Plain data, every field readonly; times are ISO 8601, UTC. */
export interface ConversionRow {
  /** Sorts by the moment of creation (UUID version 7). */
  readonly id: string;
  readonly owner: string;
  readonly state: ConversionState;
  /** From 1; raised by a retry and by a take-over from a converter that was lost. */
  readonly attempt: number;
  /** Raised by every write; standing still is how a lost lease shows. */
  readonly revision: number;
  readonly fileName: string;
  readonly source: ConversionSource;
  readonly sourceBytes: number;
  /** Set once nothing of the source is kept: no retry any more. */
  readonly sourceGone?: true;
  /** Only where the video comes, or came, as a resumable upload. */
  readonly upload?: ResumableUpload;
  readonly batchId?: string;
  readonly batchSize?: number;
  readonly options: OutputOptions;
  readonly durationSeconds?: number;
  readonly tracks?: readonly Track[];
  /** Fraction 0–1, as of the last renewal of the lease. */
  readonly progress: number;
  /** Not to be taken before this, after a failure that will pass (disk full). */
  readonly notBefore?: string;
  /** Orders queued rows fairly between owners; kept once the row was taken. The store gives it: see {@link ConversionStore}. */
  readonly turn?: number;
  /** How many converters were lost over it since it was last put in by a person. */
  readonly lostLeases: number;
  readonly result?: StoredResult;
  readonly error?: ConversionError;
  readonly warnings: readonly Warning[];
  readonly createdAt: string;
  readonly updatedAt: string;
  /** When it became done, failed or cancelled. */
  readonly endedAt?: string;
  /** The notification that told of this end; absent while none has. */
  readonly notificationId?: string;
  /** Set once its owner has removed it: it is gone for everyone, the row stays a while to tell those who were away. */
  readonly removedAt?: string;
}

/** What a write expects to find: it changes nothing where the row has moved on. */
export type ConversionVersion = Pick<ConversionRow, 'id' | 'state' | 'attempt' | 'revision'>;

export interface ConversionQuery {
  readonly owner: string;
  readonly state?: ConversionState;
  readonly batchId?: string;
  /** From 1 to 100. */
  readonly limit: number;
  /** `next` of the page before. One that was never given out throws `bad_request`. */
  readonly cursor?: string;
}

/**
 * What the sweeper looks through. `working`: uploading or converting. `ended`: done, failed or cancelled, removed ones too.
 */
export type ScanKind = 'working' | 'queued' | 'ended';

/** What the sweeper reads of a row to decide whether to look at all of it. Nothing in it grows with the video. */
export type ScannedRow = ConversionVersion &
  Pick<ConversionRow, 'owner' | 'batchId' | 'source' | 'sourceGone' | 'upload' | 'notBefore' | 'endedAt' | 'removedAt'>;

/** How many conversions of all owners have not ended. */
export type ActiveCounts = Readonly<Record<'uploading' | 'queued' | 'converting', number>>;

/** How a batch stands. A removed conversion counts as ended. */
export interface BatchSummary {
  /** Uploading, queued or converting. */
  readonly active: number;
  readonly ended: number;
  /** Done or failed, not removed, and not yet told of in a notification. */
  readonly untold: number;
  /** When the latest of them ended; absent when none has. */
  readonly lastEndedAt?: string;
  /** The largest `batchSize` that any of them gave. */
  readonly batchSize?: number;
}

/**
 * The conversions' rows. Durable: what a resolved promise has written outlives a kill -9. Only `backend/conversions` writes.
 * Every method throws `unavailable` when the store cannot be reached.
 *
 * Queued rows are taken in rounds, in the order of (turn, owner): in each round at most one row of each owner, and the owners always
 * in the same order. A queued row that is written without a `turn` gets one in the same atomic write: the lowest by which it comes
 * after all rows of its owner that have a turn, and after the last row that was taken, which is the last one by (turn, owner) that
 * has a turn and is not queued. The lowest turn is 1. No owner has a turn twice.
 *
 * So between the last row that was taken and the row of an owner who had none waiting there is less than a round: at most one row
 * of each other owner, whatever they have waiting and whoever comes later. (Rows that were taken before and given back keep their
 * turn, and come first.) With ties broken by age instead, it could be two rows of an owner: of the round that is being taken, and
 * of the next one.
 */
export interface ConversionStore {
  /** Throws `taken` when the id exists. */
  insert(record: ConversionRow): Promise<void>;

  /** The row, removed or not. */
  get(id: string): Promise<ConversionRow | undefined>;

  /**
   * Compare-and-set: puts `next` in the row's place if the row is still at `expected` in all of id, state, attempt and
   * revision, atomically, and says whether it did. `next.revision` is the caller's, one higher; the id and the owner never change.
   */
  replace(expected: ConversionVersion, next: ConversionRow): Promise<boolean>;

  /** One owner's, newest first, without the removed ones and without peaks. */
  page(query: ConversionQuery): Promise<Page<ConversionRow>>;

  /**
   * One owner's rows that have not ended, and those that were written since `since`, removed ones too; without peaks. Without
   * `since`: those that have not ended.
   */
  changes(query: ChangesQuery): Promise<Changes<ConversionRow>>;

  /** All owners' rows of a kind, oldest first, for the sweeper; read in portions, so that memory stays flat. */
  scan(kind: ScanKind): AsyncIterable<ScannedRow>;

  /** The same of the rows with these ids, at most 1,000, in no order; those that are not there are left out. */
  scanIds(ids: readonly string[]): Promise<readonly ScannedRow[]>;

  /** Cheap: made from an index, without reading a row. */
  countActive(): Promise<ActiveCounts>;

  /**
   * The queued row that is to be taken next: of those that are due at `now` (ISO 8601), the first by turn and owner. Where none is due,
   * the one that will be first; undefined where none is queued.
   */
  nextQueued(now: string): Promise<ConversionRow | undefined>;

  /** How many queued rows, of all owners, go before this one by turn and owner. 0 for a row without a turn. */
  countQueuedBefore(id: string): Promise<number>;

  /**
   * One row of each batch, of all owners, in which a row is done or failed, not removed and without a notification: the oldest such row.
   * A row without a batch is a batch of its own. Read in portions, so that memory stays flat.
   */
  untoldBatches(): AsyncIterable<Pick<ConversionRow, 'id'>>;

  batchSummary(owner: string, batchId: string): Promise<BatchSummary>;

  /** Those of a batch that are done or failed, not removed, without a notification; oldest first. */
  untoldOfBatch(owner: string, batchId: string): Promise<readonly ConversionRow[]>;

  /** Forgets a removed row for good. */
  forget(expected: ConversionVersion): Promise<boolean>;
}
