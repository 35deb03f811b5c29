import { createHash, randomBytes } from 'node:crypto';
import { opendir, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { systemErrorCode } from '../../shared/errors.ts';

/*
 * An MP3 is written under a temporary name next to its target and is renamed once it is complete. The temporary name identifies the
 * run, so that a later run can tell the leftovers of a killed run from a file that another run is writing.
 */

/** Identifies this run. The process id is not enough: systems reuse it. */
const runId = randomBytes(4).toString('hex');
/** Identifies this computer. Computers may share a folder, and the process ids of another one mean nothing here. */
const hostId = createHash('sha256').update(hostname()).digest('hex').slice(0, 8);
const pattern = /^\.soundlift-(?<host>[0-9a-f]{8})-(?<pid>[0-9]+)-(?<run>[0-9a-f]{8})-[0-9]+\.part$/;

/** After this long without a write, a file is a leftover, whatever its process id. */
const abandonedAfterSeconds = 24 * 3600;

let count = 0;

/** A hidden name, unique to this run and this call. It is short, so that it is valid wherever the target's name is. */
export function temporaryFileName(): string {
  count += 1;
  return `.soundlift-${hostId}-${process.pid}-${runId}-${count}.part`;
}

/** Removes the leftovers of ended runs from `folder`. Files that cannot be read or removed stay; they do no harm. */
export async function removeLeftovers(folder: string): Promise<void> {
  try {
    for await (const entry of await opendir(folder)) {
      if (!entry.isFile()) continue;
      const file = path.join(folder, entry.name);
      if (await isLeftover(entry.name, file)) await rm(file, { force: true });
    }
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
  }
}

async function isLeftover(name: string, file: string): Promise<boolean> {
  const parts = pattern.exec(name)?.groups;
  if (parts === undefined) return false;
  const pid = Number(parts['pid']);
  if (parts['host'] === hostId && pid === process.pid) return parts['run'] !== runId;
  if (parts['host'] === hostId && !isAlive(pid)) return true;
  const { mtimeMs } = await stat(file);
  return Date.now() - mtimeMs > abandonedAfterSeconds * 1000;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: the process exists and belongs to another user.
    return systemErrorCode(error) === 'EPERM';
  }
}
