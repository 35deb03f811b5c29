import { isAppError } from '../../../shared/errors.ts';
import type { ConversionStore, ScannedRow } from '../../ports/conversion-store.ts';
import type { ResumableUploads } from './resumable-uploads.ts';

/**
 * Finds uploads that nobody writes and whose bytes are complete, and queues them. Whoever ended the last write may have died, or lost the
 * store, before it could. The client does not come back: it hears that all its bytes are stored.
 */
export interface CompleteUploads {
  /** Queues the upload if it is complete. */
  settle(seen: ScannedRow): Promise<void>;
  /** The same, once for each change of the row. */
  look(seen: ScannedRow): Promise<void>;
  /** Forgets the uploads that were not looked at since the last call. */
  endRound(): void;
}

export interface CompleteUploadsParts {
  readonly store: Pick<ConversionStore, 'get'>;
  readonly uploads: Pick<ResumableUploads, 'settle'>;
}

export function createCompleteUploads({ store, uploads }: CompleteUploadsParts): CompleteUploads {
  /** The revisions at which uploads were found incomplete, in the last round and in this one. */
  let before = new Map<string, number>();
  let round = new Map<string, number>();

  async function settle({ id }: ScannedRow): Promise<void> {
    const row = await store.get(id);
    if (row === undefined) return;
    try {
      await uploads.settle(row);
    } catch (error) {
      // Its owner has removed or cancelled it meanwhile.
      if (!isAppError(error, 'not_found', 'gone')) throw error;
    }
  }

  return {
    settle,
    async look(seen) {
      if (before.get(seen.id) !== seen.revision) await settle(seen);
      round.set(seen.id, seen.revision);
    },
    endRound() {
      before = round;
      round = new Map();
    },
  };
}
