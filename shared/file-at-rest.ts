import { stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { type FileVersion, fileVersion, isSameVersion } from './file-version.ts';

/** A file that another program writes counts as complete once it has not changed for this long. */
const restSeconds = 2;
/** How long to wait for that. */
const longestWaitSeconds = 60;

/**
 * Waits until a file has not changed for a while. False if another program still writes it after a minute. Throws the system's error if
 * the file cannot be found, and an error if the signal fires.
 */
export async function comesToRest(path: string, signal: AbortSignal | undefined): Promise<boolean> {
  const giveUpAt = performance.now() + longestWaitSeconds * 1000;
  for (let before = await currentVersion(path); performance.now() < giveUpAt; ) {
    await delay(restSeconds * 1000, undefined, signal === undefined ? {} : { signal });
    const now = await currentVersion(path);
    if (isSameVersion(before, now)) return true;
    before = now;
  }
  return false;
}

export async function currentVersion(path: string): Promise<FileVersion> {
  return fileVersion(await stat(path, { bigint: true }));
}
