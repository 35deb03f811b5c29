import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** The environment of a program whose every sync of the disk is slower; undefined if this machine has no C compiler. */
export async function slowFsync(folder: string, milliseconds: number): Promise<Record<string, string> | undefined> {
  const library = join(folder, 'slow-fsync.so');
  const source = join(import.meta.dirname, 'slow-fsync.c');
  try {
    await promisify(execFile)('cc', ['-shared', '-fPIC', '-o', library, source, '-ldl']);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  return { LD_PRELOAD: library, SLOW_FSYNC_MILLISECONDS: String(milliseconds) };
}
