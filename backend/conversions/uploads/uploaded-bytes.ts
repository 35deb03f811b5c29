import { isAppError } from '../../../shared/errors.ts';
import type { AppendOptions, BlobStore } from '../../ports/blob-store.ts';
import type { ConversionRow, ResumableUpload } from '../../ports/conversion-store.ts';
import type { ReportSkipped } from '../../ports/skipped-item.ts';
import { blobFence, videoBlobId } from '../blob-names.ts';
import { removeUnneeded } from '../unneeded-blobs.ts';

/** The row of a conversion whose video comes as a resumable upload. */
export type UploadRow = ConversionRow & { readonly upload: ResumableUpload };

/** How much of an upload is stored, as of one moment. */
export interface StoredBytes {
  /** How many bytes count. Bytes from `unverifiedFrom` on do not, unless a writer has verified all and finished the upload. */
  readonly end: number;
  /** Whether unverified bytes may be stored beyond the end. */
  readonly unverified: boolean;
}

/** The bytes of uploads. Every change is given the row as claimed or decided by its caller, which determines the fence. */
export interface UploadedBytes {
  stored(id: string, unverifiedFrom: number | undefined): Promise<StoredBytes>;
  /** Adds bytes at `offset` and resolves with the new end. Throws as the store does. */
  append(
    row: UploadRow,
    offset: number,
    source: AsyncIterable<Uint8Array>,
    options: { readonly signal: AbortSignal; readonly expectedBytes: number | undefined },
  ): Promise<number>;
  cutBack(row: UploadRow, bytes: number): Promise<void>;
  finish(row: UploadRow): Promise<void>;
  /** Removes the bytes. `row` is the row that no longer needs them; undefined if the row was deleted. Never throws. */
  remove(id: string, row: ConversionRow | undefined): Promise<void>;
}

export function createUploadedBytes(videos: BlobStore, skipped: ReportSkipped): UploadedBytes {
  async function append(
    row: UploadRow,
    offset: number,
    source: AsyncIterable<Uint8Array>,
    options?: AppendOptions,
  ): Promise<number> {
    const label = { conversionId: row.id, owner: row.owner, fileName: row.fileName };
    return await videos.append(videoBlobId(row), blobFence(row), offset, source, label, options);
  }

  return {
    async stored(id, unverifiedFrom) {
      const { bytes = 0, finished = false } = (await videos.stat(videoBlobId({ id }))) ?? {};
      if (finished || unverifiedFrom === undefined) return { end: bytes, unverified: false };
      return { end: Math.min(bytes, unverifiedFrom), unverified: true };
    },

    append,

    async cutBack(row, bytes) {
      try {
        await videos.truncate(videoBlobId(row), blobFence(row), bytes);
      } catch (error) {
        // No bytes have arrived.
        if (!isAppError(error, 'not_found')) throw error;
      }
    },

    async finish(row) {
      // A video of 0 bytes has no blob yet.
      if ((await videos.stat(videoBlobId(row))) === undefined) await append(row, 0, nothing());
      await videos.finish(videoBlobId(row), blobFence(row));
    },

    remove: (id, row) => removeUnneeded(videos, videoBlobId({ id }), row, skipped),
  };
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
