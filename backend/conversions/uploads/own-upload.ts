import { AppError } from '../../../shared/errors.ts';
import type { ConversionRow } from '../../ports/conversion-store.ts';
import { notFound } from '../rows.ts';
import { checkPiece, tooLarge, type UploadPiece } from './upload-piece.ts';
import type { UploadRow } from './uploaded-bytes.ts';

/** The row of an upload that its owner may continue, or that has ended. Throws `not_found`, and `gone` for a cancelled one. */
export function ownUpload(row: ConversionRow | undefined, owner: string): UploadRow {
  if (row === undefined || row.owner !== owner || row.removedAt !== undefined) throw notFound();
  const { upload } = row;
  if (upload === undefined) throw notFound();
  if (row.state === 'cancelled' && row.sourceGone) {
    throw new AppError('gone', 'The conversion was cancelled, and its upload with it.');
  }
  return { ...row, upload };
}

/**
 * Accepts a piece that comes after the upload is complete, because the answer to the last piece was lost. Throws if it contains
 * more bytes.
 */
export async function afterTheEnd(
  row: UploadRow,
  piece: UploadPiece,
  source: AsyncIterable<Uint8Array>,
): Promise<UploadRow> {
  const { sourceBytes } = row;
  checkPiece({ ...row.upload, bytes: sourceBytes }, sourceBytes, piece);
  for await (const chunk of source) {
    if (chunk.byteLength > 0) throw tooLarge(sourceBytes);
  }
  return row;
}
