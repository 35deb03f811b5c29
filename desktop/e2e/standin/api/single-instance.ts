import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a later instance sends to the first. */
export interface SecondInstance {
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly additionalData?: unknown;
}

const notePrefix = 'standin.second.';

/**
 * Holds one lock file in a folder of user data. A later instance leaves a note there, and the first watches for notes.
 * @returns what releases the lock; undefined, with the note left, when another process holds it
 */
export function lockSingleInstance(
  folder: string,
  mine: SecondInstance,
  onSecond: (other: SecondInstance) => void,
): (() => void) | undefined {
  const lock = join(folder, 'standin.lock');
  mkdirSync(folder, { recursive: true });
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' });
  } catch {
    if (isAlive(Number(readFileSync(lock, 'utf8')))) {
      const note = join(folder, `${notePrefix}${process.pid}`);
      writeFileSync(`${note}.tmp`, JSON.stringify(mine));
      renameSync(`${note}.tmp`, note);
      return undefined;
    }
    writeFileSync(lock, String(process.pid));
  }
  const watcher = watch(folder, (_event, name) => {
    if (!name?.startsWith(notePrefix) || name.endsWith('.tmp')) return;
    const note = join(folder, name);
    if (!existsSync(note)) return;
    const other = JSON.parse(readFileSync(note, 'utf8')) as SecondInstance;
    rmSync(note);
    onSecond(other);
  });
  watcher.unref();
  return () => {
    watcher.close();
    rmSync(lock, { force: true });
  };
}

function isAlive(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
