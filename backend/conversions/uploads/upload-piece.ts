import { AppError } from '../../../shared/errors.ts';
import type { ResumableUpload } from '../../ports/conversion-store.ts';

/** A digest of some bytes, as given by their client. */
export interface Checksum {
  update(chunk: Uint8Array): void;
  /** Whether all bytes that were passed to it have this digest. */
  matches(): boolean;
}

/** What one request adds to an upload: everything about it but its bytes. */
export interface UploadPiece {
  /** The offset of its first byte. It must be the end of the upload. */
  readonly offset: number;
  /** The length of the whole video, if the client gives it, perhaps again. */
  readonly videoBytes?: number;
  /** How many bytes this piece has, if known. */
  readonly pieceBytes?: number;
  /** The largest length that a video may have. */
  readonly maxVideoBytes: number;
  readonly checksum?: Checksum;
}

/** Throws if the header of a piece shows that it does not fit. */
export function checkPiece(upload: ResumableUpload, end: number, piece: UploadPiece): void {
  const { offset, videoBytes, pieceBytes = 0, maxVideoBytes } = piece;
  if (videoBytes !== undefined && upload.bytes !== undefined && videoBytes !== upload.bytes) {
    throw new AppError('bad_request', 'The length differs from the one that was given for this upload before.');
  }
  if (offset !== end) {
    throw new AppError('wrong_state', 'The offset is not the end of the upload.', { details: { offset: end } });
  }
  const limit = upload.bytes ?? videoBytes ?? maxVideoBytes;
  if (limit > maxVideoBytes) throw tooLarge(maxVideoBytes);
  if (limit < end) throw new AppError('bad_request', 'More bytes have already arrived than this length.');
  if (offset + pieceBytes > limit) throw tooLarge(limit);
}

export function tooLarge(limitBytes: number): AppError {
  return new AppError('too_large', 'The video is larger than its given length, or than this server accepts.', {
    details: { limitBytes },
  });
}

export function mismatch(): AppError {
  return new AppError('checksum_mismatch', 'The bytes that arrived do not match their checksum.');
}
