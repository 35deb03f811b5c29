import { AppError } from '../../../shared/errors.ts';
import type { ResumableUpload } from '../../ports/conversion-store.ts';

/** A digest of some bytes that their client gave. */
export interface Checksum {
  update(chunk: Uint8Array): void;
  /** Whether all that it was given has this digest. */
  matches(): boolean;
}

/** What a request brings along with its bytes. */
export interface UploadPart {
  /** Where its bytes begin: must be where the upload ends. */
  readonly offset: number;
  /** How long the whole video is, where the client says it (again). */
  readonly bytes?: number;
  /** How many bytes this part has, where that is known. */
  readonly partBytes?: number;
  /** No video may be longer. */
  readonly maxBytes: number;
  readonly checksum?: Checksum;
}

/** Throws where a part does not fit what its head alone tells. */
export function checkPart(upload: ResumableUpload, end: number, part: UploadPart): void {
  const { offset, bytes, partBytes = 0, maxBytes } = part;
  if (bytes !== undefined && upload.bytes !== undefined && bytes !== upload.bytes) {
    throw new AppError('bad_request', 'The length of this upload was another one before.');
  }
  if (offset !== end) {
    throw new AppError('wrong_state', 'This does not go on where the upload ends.', { details: { offset: end } });
  }
  const limit = upload.bytes ?? bytes ?? maxBytes;
  if (limit > maxBytes) throw tooLarge(maxBytes);
  if (limit < end) throw new AppError('bad_request', 'More has arrived already than the upload is to be long.');
  if (offset + partBytes > limit) throw tooLarge(limit);
}

export function tooLarge(limitBytes: number): AppError {
  return new AppError('too_large', 'The video is larger than was said, or than this server takes.', {
    details: { limitBytes },
  });
}

export function mismatch(): AppError {
  return new AppError('checksum_mismatch', 'What arrived is not what was sent: its checksum differs.');
}
