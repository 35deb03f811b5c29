import { systemErrorCode } from '../../shared/errors.ts';

/** The system, or this process, has too many files open, or has no memory or no room for a process left. */
const scarceCodes: readonly string[] = ['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN'];
/** The disk is full, or a quota is used up. */
const fullCodes: readonly string[] = ['ENOSPC', 'EDQUOT'];

/** Whether an error, or one that caused it, says that the system is short of something. Then the same thing may work later. */
export function isScarcity(error: unknown): boolean {
  return hasCode(error, scarceCodes) || isFullDisk(error);
}

/** Whether an error, or one that caused it, says that there is no space on a disk. */
export function isFullDisk(error: unknown): boolean {
  return hasCode(error, fullCodes);
}

function hasCode(error: unknown, codes: readonly string[]): boolean {
  if (codes.includes(systemErrorCode(error) ?? '')) return true;
  return error instanceof Error && error.cause !== undefined && hasCode(error.cause, codes);
}
