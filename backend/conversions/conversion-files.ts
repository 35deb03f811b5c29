import type { BlobStore } from '../ports/blob-store.ts';
import type { ConversionRow } from '../ports/conversion-store.ts';
import type { ReportSkipped } from '../ports/skipped-item.ts';
import { mp3BlobId, videoBlobId } from './blob-names.ts';
import { removeUnneeded } from './unneeded-blobs.ts';

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
      await removeUnneeded(videos, videoBlobId(row), row, skipped);
      await removeUnneeded(mp3s, mp3BlobId(row), row, skipped);
    },
  };
}
