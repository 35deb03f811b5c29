import { isAppError } from '../../../shared/errors.ts';
import type { Publisher } from '../publisher.ts';
import type { Rows } from '../rows.ts';
import { ownUpload } from './own-upload.ts';
import type { UploadedBytes, UploadRow } from './uploaded-bytes.ts';

export interface SettleUploadParts {
  readonly rows: Rows;
  readonly uploaded: UploadedBytes;
  readonly publisher: Publisher;
}

/** Queues a conversion whose video is complete. Its last writer may have died after the bytes and before the row. */
export async function settleUpload(
  row: UploadRow,
  { rows, uploaded, publisher }: SettleUploadParts,
): Promise<UploadRow> {
  const { id, owner, state, upload } = row;
  if (state !== 'uploading' || upload.writer !== undefined || upload.bytes === undefined) return row;
  const { end, unverified } = await uploaded.stored(id, upload.unverifiedFrom);
  if (unverified || end !== upload.bytes) return row;
  const sourceBytes = upload.bytes;
  try {
    await uploaded.finish(row);
  } catch (error) {
    // Another writer has started since, and will do this.
    if (isAppError(error, 'wrong_state')) return row;
    throw error;
  }
  const decided = await rows.decide(id, (now) =>
    now.state === 'uploading' && now.upload?.writer === undefined ? { type: 'uploaded', sourceBytes } : undefined,
  );
  if (decided.changed) await publisher.queued(decided.row);
  return ownUpload(decided.row, owner);
}
