import { isDiskFull } from '../../shared/disk-full.ts';
import { systemErrorCode } from '../../shared/errors.ts';

/** The system, or this process, has too many files open, or has no memory or no room for a process left. */
const scarceCodes: readonly string[] = ['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN'];

/** Whether an error, or one that caused it, says that the system is short of something. Then the same thing may work later. */
export function isScarcity(error: unknown): boolean {
  return hasCause(error, (one) => scarceCodes.includes(systemErrorCode(one) ?? '')) || isFullDisk(error);
}

/** Whether an error, or one that caused it, says that there is no space on a disk. */
export function isFullDisk(error: unknown): boolean {
  return hasCause(error, isDiskFull);
}

/** Whether the error, or one that caused it, is such a one. */
function hasCause(error: unknown, isSuch: (error: unknown) => boolean): boolean {
  if (isSuch(error)) return true;
  return error instanceof Error && error.cause !== undefined && hasCause(error.cause, isSuch);
}
