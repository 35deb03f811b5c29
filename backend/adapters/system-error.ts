import { isDiskFull } from '../../shared/disk-full.ts';
import { AppError } from '../../shared/errors.ts';

/** An error of the operating system, as Node throws it, with the name of its errno. */
export function isSystemError(
  error: unknown,
  ...codes: readonly string[]
): error is NodeJS.ErrnoException & { readonly code: string } {
  if (!(error instanceof Error) || !('syscall' in error) || !('code' in error)) return false;
  return typeof error.code === 'string' && (codes.length === 0 || codes.includes(error.code));
}

/**
 * Translates an error of the operating system into an AppError, `disk_full` or `unavailable`. Returns any other value unchanged. A file
 * that is larger than the file system or a limit allows is `disk_full` too.
 */
export function translateSystemError(error: unknown): unknown {
  if (!isSystemError(error)) return error;
  return isDiskFull(error) || error.code === 'EFBIG' ? diskFull(error) : storageAway(error);
}

export function storageAway(cause: unknown): AppError {
  return new AppError('unavailable', 'The storage cannot be reached.', { cause });
}

export function diskFull(cause: unknown): AppError {
  return new AppError('disk_full', 'There is no space left to store this.', { cause });
}

/** Runs `work` and translates errors of the operating system. */
export async function withSystemErrors<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw translateSystemError(error);
  }
}
