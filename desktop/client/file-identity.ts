import type { BigIntStats } from 'node:fs';

/** The same for two paths to one file, through links or another spelling. A file system without numbers of files gives none. */
export function fileIdentity({ dev, ino }: Pick<BigIntStats, 'dev' | 'ino'>): string | undefined {
  return ino === 0n ? undefined : `${dev}:${ino}`;
}
