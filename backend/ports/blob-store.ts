import type { Readable } from 'node:stream';
import type { ByteRange } from '../../shared/byte-range.ts';

export interface BlobInfo {
  readonly id: string;
  /** How many bytes are durable. */
  readonly bytes: number;
  /** False while it may still grow. */
  readonly finished: boolean;
}

/** Stored with a blob when it is started, for people who look into the storage with another tool. */
export interface BlobLabel {
  readonly conversionId: string;
  readonly owner: string;
  readonly fileName: string;
}

/** A blob as a file that a program can seek in. Disposing of it removes copies that were made for it, never the blob. */
export interface LocalBlobFile extends AsyncDisposable {
  /** Absolute path. Must only be read. */
  readonly path: string;
}

export interface AppendOptions {
  readonly signal?: AbortSignal | undefined;
  /** How many bytes the source has, or more; if absent, it is not known. */
  readonly expectedBytes?: number | undefined;
}

/**
 * Large byte sequences: videos in one store, MP3s in another. No blob is held in memory as a whole. An id consists of up to 200
 * letters, digits, `-` and `_`; every method throws `not_found` for any other. A full disk throws `disk_full`, storage that
 * cannot be reached `unavailable`, an abort the signal's reason.
 *
 * Every change names a **fence**: a whole number above 0 that never decreases from one writer of a blob to the next. The first
 * change under a higher fence shuts out all writers with lower ones, including those in the middle of a call: they throw
 * `wrong_state`, and what they still write never becomes part of the blob. Of their bytes, those count that `stat` reported
 * before. One fence belongs to one writer. A store may forget the fence of a blob that was removed. What a writer starts after
 * that is a new blob, which the sweeper finds with `list`.
 */
export interface BlobStore {
  /**
   * Adds `source` at `offset`, which must be the blob's current size (0 starts a blob). Resolves with the new size once every
   * byte is durable. Throws `wrong_state` at any other offset, for a finished blob, and for all but one of several calls that
   * append at once under one fence. Throws `disk_full` before it reads the source if the expected bytes do not fit, besides those
   * that other calls expect, and later if there is no {@link room} left. If it rejects, bytes that had arrived may be kept; `stat`
   * returns how many. An abort does not wait for the source.
   */
  append(
    id: string,
    fence: number,
    offset: number,
    source: AsyncIterable<Uint8Array>,
    label: BlobLabel,
    options?: AppendOptions,
  ): Promise<number>;

  /**
   * How many bytes can be appended now, besides those that calls in progress expect. 0 or less if there is no room. Infinity if the
   * store does not know.
   */
  room(): Promise<number>;

  /**
   * Truncates an unfinished blob to its first `bytes`, and resolves once that is durable. Throws `not_found` if nothing was
   * appended, `wrong_state` if the blob is shorter, is finished, or is being written under the same fence.
   */
  truncate(id: string, fence: number, bytes: number): Promise<void>;

  /**
   * Finishes the blob permanently. Throws `not_found` if nothing was appended, not even an empty source. Does nothing if the blob
   * is finished.
   */
  finish(id: string, fence: number): Promise<BlobInfo>;

  /**
   * Makes a file on this computer the blob, and replaces anything that is there. The blob is finished and durable when this
   * resolves. The file belongs to the store from now on: it is moved if possible, otherwise copied. If this rejects, nothing is
   * stored.
   */
  adopt(id: string, fence: number, path: string, label: BlobLabel, signal?: AbortSignal): Promise<BlobInfo>;

  /**
   * Reads a finished blob, or part of it. Throws `not_found`, and `range_not_satisfiable` for a range that is not within the
   * blob.
   */
  open(id: string, range?: ByteRange, signal?: AbortSignal): Promise<Readable>;

  /**
   * A finished blob as a local file. A store that has to copy the blob does so only if the local disk has room for it, and otherwise
   * throws `disk_full` with `neededBytes`, the size of the blob. Disposing of the file removes such a copy. Throws `not_found`.
   */
  localFile(id: string, signal?: AbortSignal): Promise<LocalBlobFile>;

  stat(id: string): Promise<BlobInfo | undefined>;

  /**
   * Removes the blob, finished or not. A call that appends to it under this fence rejects too. Does nothing if there is no blob.
   * Throws `wrong_state`, and removes nothing, if the blob was written under a higher fence.
   */
  remove(id: string, fence: number): Promise<void>;

  /** Lists all blobs, finished or not, in no order. For the sweeper. A store may also remove what dead writers have left behind. */
  list(): AsyncIterable<BlobInfo>;
}
