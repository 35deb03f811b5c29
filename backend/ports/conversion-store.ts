import type { ConversionError, ConversionState, Page, Result, Track, Warning } from '../../shared/api.ts';
import type { FileVersion } from '../../shared/file-version.ts';
import type { OutputOptions } from '../../shared/formats.ts';
import type { Changes, ChangesAfterQuery, ChangesInOrder, ChangesQuery } from './changes.ts';

/** Where a conversion's video is: its own blob in `videos`, or a file on this computer that is read in place. */
export type ConversionSource =
  | { readonly kind: 'blob' }
  /** `stamp` is the file's as it was submitted; absent in rows of older versions. */
  | { readonly kind: 'file'; readonly path: string; readonly stamp?: FileStamp };

/** What distinguishes a file from another one that is put in its place. */
export interface FileStamp extends FileVersion {
  /** When the file was made, in milliseconds since 1970. */
  readonly bornMs: number;
}

/** The state of an upload that can be continued after an interruption. */
export interface ResumableUpload {
  /** The length of the whole video; absent if its client has not given it yet. */
  readonly bytes?: number;
  /** The client's own metadata, returned to it as given. */
  readonly metadata?: string;
  /** When the upload and its bytes are removed if no more bytes come. */
  readonly expiresAt: string;
  /** The request that writes to it now, by a name that only this request has. */
  readonly writer?: string;
  /** Where the bytes of this writer begin. Those before are durable. */
  readonly writtenFrom?: number;
  /** Bytes of its blob from here on do not count, because they were not verified yet. */
  readonly unverifiedFrom?: number;
}

/** A stored result, with its peaks. Only `get` returns the peaks; in pages and lists the array is empty. */
export interface StoredResult extends Result {
  readonly peaks: readonly number[];
}

/** A conversion's row, which is authoritative. Plain data, every field readonly; times are ISO 8601, UTC. */
export interface ConversionRow {
  /** Ids sort by the time of creation (UUID version 7). */
  readonly id: string;
  readonly owner: string;
  readonly state: ConversionState;
  /** Starts at 1. Raised by a retry, when ffmpeg has died, and when another converter takes over from a lost one. */
  readonly attempt: number;
  /** Raised by every write. If it does not change, the lease is lost. */
  readonly revision: number;
  readonly fileName: string;
  readonly source: ConversionSource;
  readonly sourceBytes: number;
  /** Set once the source is no longer stored. The conversion can then not be retried. */
  readonly sourceGone?: true;
  /** Only if the video is sent, or was sent, as a resumable upload. */
  readonly upload?: ResumableUpload;
  /** The client's own name for the creation of its upload. An owner has at most one row with it, removed ones included. */
  readonly uploadKey?: string;
  readonly batchId?: string;
  readonly batchSize?: number;
  readonly options: OutputOptions;
  readonly durationSeconds?: number;
  readonly tracks?: readonly Track[];
  /** Fraction 0–1, as of the last renewal of the lease. */
  readonly progress: number;
  /** Must not be taken before this time, after a temporary failure (disk full). */
  readonly notBefore?: string;
  /** The turn at which it was taken last; absent if it never was. See {@link ConversionStore}. */
  readonly turn?: number;
  /** The process that took it last, by a name that only this process has. Absent if none did. */
  readonly converter?: string;
  /**
   * How many converters were lost over it, since a person last submitted or retried it. Losses for which it cannot be the reason do not
   * count.
   */
  readonly lostLeases: number;
  /** How many times ffmpeg died over it, since a person last submitted or retried it. Absent if it never did. */
  readonly ffmpegDeaths?: number;
  readonly result?: StoredResult;
  readonly error?: ConversionError;
  readonly warnings: readonly Warning[];
  readonly createdAt: string;
  readonly updatedAt: string;
  /** When it became done, failed or cancelled. */
  readonly endedAt?: string;
  /** The notification that includes this end; absent if there is none yet. */
  readonly notificationId?: string;
  /**
   * Set once its owner has removed it. It is then invisible to everyone; the row is kept for a while to tell disconnected
   * clients.
   */
  readonly removedAt?: string;
}

/** The version that a write expects. The write does nothing if the row has changed since. */
export type ConversionVersion = Pick<ConversionRow, 'id' | 'state' | 'attempt' | 'revision'>;

export interface ConversionQuery {
  readonly owner: string;
  readonly state?: ConversionState;
  readonly batchId?: string;
  /** From 1 to 100. */
  readonly limit: number;
  /** `next` of the previous page. An invalid cursor throws `bad_request`. */
  readonly cursor?: string;
}

/** The kinds of rows that the sweeper scans. `working`: uploading or converting. */
export type ScanKind = 'working' | 'queued';

/** Times (ISO 8601) up to which things have expired. */
export interface ExpiryTimes {
  /** Rows that were removed until then. */
  readonly removed: string;
  /** Rows that ended until then and were not removed. */
  readonly ended: string;
  /** Rows that failed or were cancelled until then, were not removed, and whose uploaded source is still stored. */
  readonly sources: string;
}

/** A conversion that is done or failed and in no notification yet: what a notification says about it. */
export interface UntoldEnd {
  readonly id: string;
  readonly attempt: number;
  readonly state: 'done' | 'failed';
  /** Whether it is done with warnings. */
  readonly warned: boolean;
  /** Duration of the MP3; 0 if there is none. */
  readonly seconds: number;
  /** Size of the MP3; 0 if there is none. */
  readonly bytes: number;
}

/** An attempt of a conversion whose end is in a notification. */
export interface ToldEnd {
  readonly conversionId: string;
  readonly attempt: number;
}

/** The fields that the sweeper reads to decide whether to read the whole row. None of them grows with the video. */
export type ScannedRow = ConversionVersion &
  Pick<
    ConversionRow,
    'owner' | 'batchId' | 'source' | 'sourceGone' | 'upload' | 'converter' | 'notBefore' | 'endedAt' | 'removedAt'
  >;

/** A queued row, and the turn at which it may be taken now. */
export interface NextQueued {
  readonly row: ConversionRow;
  readonly turn: number;
}

export interface ScannedIds {
  readonly rows: readonly ScannedRow[];
  /** Ids of rows that are there and cannot be read. */
  readonly unreadable: readonly string[];
}

/** How many conversions of all owners have not ended. */
export type ActiveCounts = Readonly<Record<'uploading' | 'queued' | 'converting', number>>;

/** The state of a batch. A removed conversion counts as ended. */
export interface BatchSummary {
  /** Uploading, queued or converting. */
  readonly active: number;
  readonly ended: number;
  /** How many of the ended ones were cancelled. */
  readonly cancelled: number;
  /** Done or failed, not removed, and in no notification yet. */
  readonly untold: number;
  /** When the latest of them ended; absent if none has. */
  readonly lastEndedAt?: string;
  /** The largest `batchSize` that any of them gave. */
  readonly batchSize?: number;
}

/**
 * The conversions' rows. Durable: what a call has written when it resolves survives a kill -9. Only `backend/conversions` writes.
 * Every method throws `unavailable` if the store cannot be reached.
 *
 * Owners take turns. In each round every owner with a queued row has one row taken, and the owners always come in the same order.
 * A taken row keeps the number of its round as its `turn`, whatever happens to it later. So the last row by (turn, owner), in any
 * state, shows whose turn it was last, and the next turn is that of the first owner after it who has a row that is due. An owner's
 * rows go in the order of their ids.
 *
 * So an owner who has a row waiting waits for at most one row of each other owner until one of their own is taken. This holds
 * whatever else is queued, cancelled, removed, given back or retried meanwhile, because a queued row has no turn that could become
 * outdated. Forgotten rows no longer count; nobody waits for as long as removed rows are kept.
 *
 * No two rows of an owner have the same turn. This keeps the rounds fair when several processes take rows at once: if two have
 * read the same turn of an owner, only one of them can write it.
 *
 * A row that cannot be read, because it was damaged, is reported once and set aside: it stays stored as it is, but no method returns
 * it or counts it as unfinished, except where this is said. After the next start it is read again.
 */
export interface ConversionStore {
  /**
   * Throws `taken` if the id exists, or if the owner has a row with this upload key. With `most`, resolves with false, and inserts nothing, if the owner already has so many rows in
   * the state of this one that are not removed; the count and the insertion are one atomic step. Otherwise resolves with true.
   */
  insert(row: ConversionRow, most?: number): Promise<boolean>;

  /** The row, removed or not. */
  get(id: string): Promise<ConversionRow | undefined>;

  /** The owner's row with this upload key, removed or not. */
  getByUploadKey(owner: string, uploadKey: string): Promise<ConversionRow | undefined>;

  /**
   * Compare-and-set: replaces the row with `next` if its id, state, attempt and revision all still equal `expected`, atomically,
   * and returns whether it did. The caller must set `next.revision` one higher. The id, the owner and the upload key must not change.
   * Throws `taken` if another row of the owner has this turn.
   */
  replace(expected: ConversionVersion, next: ConversionRow): Promise<boolean>;

  /** One owner's rows, newest first, without removed ones and without peaks. */
  page(query: ConversionQuery): Promise<Page<ConversionRow>>;

  /**
   * One owner's rows that have not ended, and those that were written since `since`, including removed ones; without peaks.
   * Without `since`, only those that have not ended.
   */
  changes(query: ChangesQuery): Promise<Changes<ConversionRow>>;

  /**
   * One owner's rows that were written after `since`, including removed ones, in the order of their last writes; without peaks.
   * Undefined if the store cannot determine them, for the reasons of `Changes.complete`.
   */
  changesAfter(query: ChangesAfterQuery): Promise<ChangesInOrder<ConversionRow> | undefined>;

  /** All owners' rows of a kind, oldest first, for the sweeper. Read in portions, to limit memory. */
  scan(kind: ScanKind): AsyncIterable<ScannedRow>;

  /**
   * All owners' rows of which something has expired, in no order; a row may come twice. Reads no others. Read in portions, to limit
   * memory.
   */
  scanExpired(until: ExpiryTimes): AsyncIterable<ScannedRow>;

  /** The same fields of the rows with these ids, at most 1,000, in no order. Ids without a row are left out. */
  scanIds(ids: readonly string[]): Promise<ScannedIds>;

  /** Cheap: reads an index and no row. */
  countActive(): Promise<ActiveCounts>;

  /**
   * The queued row to take next, of those that are due. If none is due, the one that will be due first; undefined if none is queued.
   * Whoever takes it must write the turn into it. A row is not due if its `notBefore` is later than `now`, unless it is also later
   * than `horizon` (ISO 8601): no row is delayed for that long, so the clock was put back.
   */
  nextQueued(now: string, horizon: string): Promise<NextQueued | undefined>;

  /**
   * For each queued row with one of these ids: how many queued rows, of all owners, go before it if all are due and no more come. At
   * most 1,000 ids; other rows are left out.
   */
  queuePositions(ids: readonly string[]): Promise<ReadonlyMap<string, number>>;

  /**
   * One row of each batch, of all owners, that has a row which is done or failed, not removed and in no notification: the oldest
   * such row. A row without a batch is its own batch. Read in portions, to limit memory.
   */
  untoldBatches(): AsyncIterable<Pick<ConversionRow, 'id'>>;

  batchSummary(owner: string, batchId: string): Promise<BatchSummary>;

  /**
   * The rows of a batch that are done or failed, not removed, and in no notification; oldest first. A row without a batch is its own
   * batch. Read in portions, to limit memory.
   */
  untoldOfBatch(owner: string, batchId: string): AsyncIterable<UntoldEnd>;

  /**
   * Writes into those of these rows that are still at the given attempt, done or failed, not removed and in no notification that
   * this notification covers them, and raises their revisions. At most 1,000 rows; each is written atomically.
   */
  markTold(notificationId: string, told: readonly ToldEnd[]): Promise<void>;

  /** Deletes a removed row permanently. */
  forget(expected: ConversionVersion): Promise<boolean>;

  /** Deletes an owner's rows that cannot be read. */
  forgetUnreadable(owner: string): Promise<void>;
}
