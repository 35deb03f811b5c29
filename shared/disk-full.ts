import { systemErrorCode } from './errors.ts';

/** Whether the operating system says that the disk is full, or that a quota is used up. Does not look at the causes of `error`. */
export function isDiskFull(error: unknown): boolean {
  const code = systemErrorCode(error);
  return code === 'ENOSPC' || code === 'EDQUOT';
}
