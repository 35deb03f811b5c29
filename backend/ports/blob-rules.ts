import type { ByteRange } from '../../shared/byte-range.ts';
import { AppError } from '../../shared/errors.ts';
import { sayShared } from '../../shared/words/say.ts';

/** What every BlobStore checks in the same way. */

const idPattern = /^[A-Za-z0-9_-]{1,200}$/;

/** Throws `not_found` for an id that no blob can have. */
export function checkBlobId(id: string): void {
  if (!idPattern.test(id)) throw noSuchBlob();
}

export function noSuchBlob(): AppError {
  return new AppError('not_found', sayShared('failSourceNotThere'));
}

/** A writer with a higher fence, or a removal, has taken the blob. */
export function takenOver(cause?: unknown): AppError {
  return new AppError('wrong_state', 'Another writer has taken this over.', { cause });
}

/** Another call changes the blob under the same fence. */
export function beingWritten(): AppError {
  return new AppError('wrong_state', 'This is being written.');
}

export function alreadyFinished(): AppError {
  return new AppError('wrong_state', 'This is finished and cannot change.');
}

export function notTheEnd(): AppError {
  return new AppError('wrong_state', 'The offset is not the end of the file.');
}

export function tooShort(): AppError {
  return new AppError('wrong_state', 'The file is shorter than that.');
}

/** The range to read of a blob of `size` bytes: `range`, or all. Throws `range_not_satisfiable` if it is not within the blob. */
export function rangeWithin(size: number, range: ByteRange | undefined): ByteRange {
  const { start, end } = range ?? { start: 0, end: size };
  if (Number.isSafeInteger(start) && Number.isSafeInteger(end) && 0 <= start && start <= end && end <= size) {
    return { start, end };
  }
  throw new AppError('range_not_satisfiable', 'The range is not within the file.');
}
