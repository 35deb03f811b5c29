import type { Logger } from 'pino';
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
  return {
    async remove(row) {
      try {
        await videos.remove(videoBlobId(row), blobFence(row));
        await mp3s.remove(mp3BlobId(row), blobFence(row));
      } catch (error) {
        log.warn({ err: error, conversion: row.id }, 'could not remove the files of a conversion yet');
      }
    },
  };
}
