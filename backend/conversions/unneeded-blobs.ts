import { isAppError } from '../../shared/errors.ts';
import type { BlobStore } from '../ports/blob-store.ts';
import type { ConversionRow } from '../ports/conversion-store.ts';
import type { ReportSkipped } from '../ports/skipped-item.ts';
import { blobFence } from './blob-names.ts';

/**
 * Removes a blob that is no longer needed by `row`, which is undefined if there is no row. Never throws: the sweeper removes what is
 * left behind.
 */
export async function removeUnneeded(
  blobs: Pick<BlobStore, 'remove'>,
  id: string,
  row: Pick<ConversionRow, 'revision'> | undefined,
  skipped: ReportSkipped,
): Promise<void> {
  try {
    await blobs.remove(id, blobFence(row));
  } catch (cause) {
    // Another request has changed the row since and takes care of its blobs. For example, it has removed them.
    if (isAppError(cause, 'wrong_state')) return;
    skipped({ kind: 'blob', id, what: 'could not remove a blob', cause });
  }
}
