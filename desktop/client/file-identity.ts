import type { BigIntStats } from 'node:fs';

/** Equal for two paths to the same file, also through links or another spelling. Undefined if the file system has no inode numbers. */
export function fileIdentity({ dev, ino }: Pick<BigIntStats, 'dev' | 'ino'>): string | undefined {
  return ino === 0n ? undefined : `${dev}:${ino}`;
}
