import { AppError } from '../../../shared/errors.ts';
import type { ResumableUpload } from '../../ports/conversion-store.ts';

/** A digest of some bytes, as given by their client. */
export interface Checksum {
  update(chunk: Uint8Array): void;
  /** Whether all bytes that were passed to it have this digest. */
  matches(): boolean;
}

/** The parts of a request besides its bytes. */
export interface UploadPart {
  /** The offset of its first byte. It must be the end of the upload. */
  readonly offset: number;
  /** The length of the whole video, if the client gives it, perhaps again. */
  readonly bytes?: number;
  /** How many bytes this part has, if known. */
  readonly partBytes?: number;
  /** The largest length that a video may have. */
  readonly maxBytes: number;
  readonly checksum?: Checksum;
}

/** Throws if the header of a part shows that it does not fit. */
export function checkPart(upload: ResumableUpload, end: number, part: UploadPart): void {
  const { offset, bytes, partBytes = 0, maxBytes } = part;
  if (bytes !== undefined && upload.bytes !== undefined && bytes !== upload.bytes) {
    throw new AppError('bad_request', 'The length differs from the one that was given for this upload before.');
  }
  if (offset !== end) {
    throw new AppError('wrong_state', 'The offset is not the end of the upload.', { details: { offset: end } });
  }
  const limit = upload.bytes ?? bytes ?? maxBytes;
  if (limit > maxBytes) throw tooLarge(maxBytes);
  if (limit < end) throw new AppError('bad_request', 'More bytes have already arrived than this length.');
  if (offset + partBytes > limit) throw tooLarge(limit);
}

export function tooLarge(limitBytes: number): AppError {
  return new AppError('too_large', 'The video is larger than its given length, or than this server accepts.', {
    details: { limitBytes },
  });
}

export function mismatch(): AppError {
  return new AppError('checksum_mismatch', 'The bytes that arrived do not match their checksum.');
}
