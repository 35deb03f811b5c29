import type { Readable } from 'node:stream';
import type { ByteRange } from '../../shared/byte-range.ts';

export interface BlobInfo {
  readonly id: string;
  /** How many bytes are durable. */
  readonly bytes: number;
  /** False while it may still grow. */
  readonly finished: boolean;
}

/** Stored with a blob when it is begun, for people who look into the storage with another tool. */
export interface BlobLabel {
  readonly conversionId: string;
  readonly owner: string;
  readonly fileName: string;
}

/** A blob as a file that a program can seek in. Disposing of it removes what had to be made for it, never the blob. */
export interface LocalBlobFile extends AsyncDisposable {
  /** Absolute path. Only to be read. */
  readonly path: string;
}

/**
 * Large pieces of bytes: videos in one store, MP3s in another. Nothing is held whole in memory. An id is made of letters,
 * digits, `-` and `_`, up to 200; any other throws `not_found`, whatever the method. A full disk throws `disk_full`, storage
 * that cannot be reached `unavailable`, an abort the signal's reason.
 *
 * Every change names a **fence**: a whole number above 0 that never falls from one writer of a blob to the next. The first change
 * under a higher fence shuts out all lower ones, also those that are in the middle of a call: they throw `wrong_state`, and what they
 * still do is never part of the blob. Their bytes count as far as `stat` told before. One fence belongs to one writer. A store may
 * forget the fence of a blob that was removed: what a writer begins then is a blob of its own, which the sweeper finds in `list`.
 */
export interface BlobStore {
  /**
   * Adds `source` at `offset`, which must be the blob's size so far (0 begins a blob), and resolves with the new size once every
   * byte is durable. Throws `wrong_state` at any other offset, for a finished blob, and for all but one of several that append at
   * once under one fence. When it rejects, the bytes that had arrived may be kept: `stat` tells. An abort does not wait for the source.
   */
  append(
    id: string,
    fence: number,
    offset: number,
    source: AsyncIterable<Uint8Array>,
    label: BlobLabel,
    signal?: AbortSignal,
  ): Promise<number>;

  /**
   * Cuts an unfinished blob back to its first `bytes`, and resolves once that is durable. Throws `not_found` when nothing was appended,
   * `wrong_state` when it is shorter, is finished, or is being written under the same fence.
   */
  truncate(id: string, fence: number, bytes: number): Promise<void>;

  /**
   * Makes it whole, for good. Throws `not_found` when nothing was appended, not even an empty source. A finished blob stays as it is,
   * and that is no error.
   */
  finish(id: string, fence: number): Promise<BlobInfo>;

  /**
   * Makes a file of this computer the blob, finished and durable when it resolves, in place of anything that is there. The file is the
   * store's from now on: it is moved where it can be, else copied. When it rejects, nothing of it is stored.
   */
  adopt(id: string, fence: number, path: string, label: BlobLabel, signal?: AbortSignal): Promise<BlobInfo>;

  /** Reads a finished blob, or part of it. Throws `not_found`, and `range_not_satisfiable` for a range that does not lie within it. */
  open(id: string, range?: ByteRange, signal?: AbortSignal): Promise<Readable>;

  /**
   * A finished blob as a local file. A store that has to copy it never holds more bytes in such copies than its budget: beyond that it
   * throws `disk_full`, whose `neededBytes` are the blob's. Disposing gives the bytes back. Throws `not_found`.
   */
  localFile(id: string, signal?: AbortSignal): Promise<LocalBlobFile>;

  stat(id: string): Promise<BlobInfo | undefined>;

  /**
   * Removes it, finished or not; what appends to it under this fence rejects too. No error when it was not there. What a higher fence
   * has written stays: then it throws `wrong_state`.
   */
  remove(id: string, fence: number): Promise<void>;

  /** All, finished or not, in no order, for the sweeper. */
  list(): AsyncIterable<BlobInfo>;
}
