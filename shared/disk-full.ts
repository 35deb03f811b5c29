import { systemErrorCode } from './errors.ts';

/** SQLite's result codes (https://www.sqlite.org/rescode.html): a full disk, and no space for the index of the write-ahead log. */
const sqliteFull = 13;
const sqliteNoSpaceForIndex = 4874;

/**
 * Whether the operating system says that the disk is full or that a quota is used up, or SQLite says so. Does not look at the causes
 * of `error`.
 */
export function isDiskFull(error: unknown): boolean {
  const code = systemErrorCode(error);
  if (code === 'ENOSPC' || code === 'EDQUOT') return true;
  if (!(error instanceof Error) || !('errcode' in error)) return false;
  return error.errcode === sqliteNoSpaceForIndex || (Number(error.errcode) & 0xff) === sqliteFull;
}
