import { stat } from 'node:fs/promises';
import { fileVersion } from '../../shared/file-version.ts';
import type { FileStamp } from '../ports/conversion-store.ts';

/** The stamp of the file at `path`. Throws the system's error if there is none. */
export async function stampOf(path: string): Promise<FileStamp> {
  const facts = await stat(path, { bigint: true });
  return { ...fileVersion(facts), bornMs: Number(facts.birthtimeMs) };
}

/**
 * Whether a file may be the one that was stamped `before`. It may have grown since, because it may still be written. Some file
 * systems number their files anew when they are mounted again; there, size and time tell.
 */
export function isSameFile(before: FileStamp, now: FileStamp): boolean {
  if (before.bytes === now.bytes && before.modifiedNanoseconds === now.modifiedNanoseconds) return true;
  return before.inode === now.inode && before.bornMs === now.bornMs && now.bytes >= before.bytes;
}
