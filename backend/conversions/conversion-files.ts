import type { Logger } from 'pino';
import { isAppError } from '../../shared/errors.ts';
import type { BlobStore } from '../ports/blob-store.ts';
import type { ConversionRow } from '../ports/conversion-store.ts';
import { blobFence, mp3BlobId, videoBlobId } from './blob-names.ts';

/** The video and the MP3 of a conversion. */
export interface ConversionFiles {
  /** Removes both, for a row that no longer needs them. Never throws: what is left behind, the sweeper removes. */
  remove(row: ConversionRow): Promise<void>;
}

export interface ConversionFilesParts {
  readonly videos: BlobStore;
  readonly mp3s: BlobStore;
  readonly log: Logger;
}

export function createConversionFiles({ videos, mp3s, log }: ConversionFilesParts): ConversionFiles {
  async function removeBlob(blobs: BlobStore, blobId: string, row: ConversionRow): Promise<void> {
    try {
      await blobs.remove(blobId, blobFence(row));
    } catch (error) {
      // Another request has changed the row since and takes care of its blobs. For example, it has removed them.
      if (isAppError(error, 'wrong_state')) return;
      log.warn({ err: error, conversion: row.id }, 'could not remove the files of a conversion yet');
    }
  }

  return {
    async remove(row) {
      await removeBlob(videos, videoBlobId(row), row);
      await removeBlob(mp3s, mp3BlobId(row), row);
    },
  };
}
