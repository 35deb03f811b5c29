import type { BigIntStats } from 'node:fs';

/** What shows whether a file is still the one that it was. Plain data, so that it can be stored. */
export interface FileVersion {
  readonly bytes: number;
  /** The modification time in nanoseconds since 1970. */
  readonly modifiedNanoseconds: string;
  /**
   * Absent if the file system has no inode numbers. The number of the device is not compared, because it changes when a drive is
   * connected again.
   */
  readonly inode?: string;
}

export function fileVersion({ size, mtimeNs, ino }: Pick<BigIntStats, 'size' | 'mtimeNs' | 'ino'>): FileVersion {
  const version = { bytes: Number(size), modifiedNanoseconds: String(mtimeNs) };
  return ino === 0n ? version : { ...version, inode: String(ino) };
}

/**
 * Whether both are the same version of one file. On some network drives and FAT drives, inode numbers change when the drive is
 * connected again. Then an unchanged file counts as changed, which costs time and does no harm.
 */
export function isSameVersion(one: FileVersion, other: FileVersion): boolean {
  const isSameFile = one.inode === undefined || other.inode === undefined || one.inode === other.inode;
  return isSameFile && one.bytes === other.bytes && one.modifiedNanoseconds === other.modifiedNanoseconds;
}

/** The kernels of common systems advance the time of files every 16 ms or more often. */
const tickMilliseconds = 20;
/** FAT stores whole even seconds. Other old file systems store whole seconds. */
const coarseTickMilliseconds = 2000;

/**
 * How long a later write might leave the modification time as it is, in milliseconds from `now`. A file that is read after that time
 * cannot change without another modification time.
 */
export function untilTickEnds({ modifiedNanoseconds }: Pick<FileVersion, 'modifiedNanoseconds'>, now: number): number {
  const modified = BigInt(modifiedNanoseconds);
  const tick = modified % 1_000_000_000n === 0n ? coarseTickMilliseconds : tickMilliseconds;
  const age = now - Number(modified / 1_000_000n);
  // A time in the future comes from another clock.
  return age < 0 ? 0 : Math.max(0, tick - age);
}
