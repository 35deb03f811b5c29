import type { Readable } from 'node:stream';
import type { ByteRange } from '../../shared/byte-range.ts';

export interface BlobInfo {
  readonly id: string;
  readonly bytes: number;
  /** False while it may still grow. */
  readonly finished: boolean;
}

/** Said of a blob when it is begun, for whoever looks into the storage with another tool. */
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
 * Large immutable pieces of bytes: videos in one store, MP3s in another. Nothing is held whole in memory. An id is made of
 * letters, digits, `-` and `_`, up to 200; any other throws `not_found`, whatever the method. A full disk throws `disk_full`,
 * storage that cannot be reached `unavailable`, an abort the signal's reason.
 */
export interface BlobStore {
  /**
   * Adds `source` at `offset`, which must be the blob's size so far (0 begins a blob), and resolves with the new size once every
   * byte is durable. Throws `wrong_state` at any other offset, for a finished blob, and for all but one of several that append at
   * once. When it rejects, the bytes that had arrived may be kept: `stat` tells. An abort is not kept waiting by the source.
   */
  append(
    id: string,
    offset: number,
    source: AsyncIterable<Uint8Array>,
    label: BlobLabel,
    signal?: AbortSignal,
  ): Promise<number>;

  /**
   * Cuts an unfinished blob back to its first `bytes`, and resolves once that is durable. Throws `not_found` when nothing was appended,
   * `wrong_state` when it is shorter, is finished, or is being written.
   */
  truncate(id: string, bytes: number): Promise<void>;

  /** Makes it whole, for good. Throws `not_found` when nothing was appended, not even an empty source. Twice is as good as once. */
  finish(id: string): Promise<BlobInfo>;

  /** Reads a finished blob, or part of it. Throws `not_found`, and `range_not_satisfiable` for a range that does not lie within it. */
  open(id: string, range?: ByteRange, signal?: AbortSignal): Promise<Readable>;

  /** A finished blob as a local file. Throws `not_found`. */
  localFile(id: string, signal?: AbortSignal): Promise<LocalBlobFile>;

  stat(id: string): Promise<BlobInfo | undefined>;

  /** Gone when it resolves, finished or not, and what appends to it rejects; no error when it was not there. */
  remove(id: string): Promise<void>;

  /** All, finished or not, in no order, for the sweeper. */
  list(): AsyncIterable<BlobInfo>;
}
