import { isAppError } from '../../shared/errors.ts';
import type { BlobStore } from '../ports/blob-store.ts';
import type { ConversionRow } from '../ports/conversion-store.ts';
import type { ReportSkipped } from '../ports/skipped-item.ts';
import { blobFence, mp3BlobId, videoBlobId } from './blob-names.ts';

/** The video and the MP3 of a conversion. */
export interface ConversionFiles {
  /** Removes both, for a row that no longer needs them. Never throws: what is left behind, the sweeper removes. */
  remove(row: ConversionRow): Promise<void>;
}

export interface ConversionFilesParts {
  readonly videos: BlobStore;
  readonly mp3s: BlobStore;
  readonly skipped: ReportSkipped;
}

export function createConversionFiles({ videos, mp3s, skipped }: ConversionFilesParts): ConversionFiles {
  return {
    async remove(row) {
      async function removeFrom(blobs: BlobStore, id: string): Promise<void> {
        await blobs.remove(id, blobFence(row)).catch((cause: unknown) => {
          // Another request has changed the row since and takes care of its blobs. For example, it has removed them.
          if (isAppError(cause, 'wrong_state')) return;
          skipped({ kind: 'blob', id, what: 'could not remove a blob', cause });
        });
      }
      await removeFrom(videos, videoBlobId(row));
      await removeFrom(mp3s, mp3BlobId(row));
    },
  };
}
