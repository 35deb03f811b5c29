import { createHash, randomBytes } from 'node:crypto';
import { opendir, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import { systemErrorCode } from '../../shared/errors.ts';

/*
 * An MP3 is written under a name of its own beside its target and gets the target's name once it is whole. The name says whose
 * it is, so that a later run can tell what a killed one left behind from what another run is writing just now.
 */

/** Of one run: a process id alone comes back, sooner or later, for another process. */
const runId = randomBytes(4).toString('hex');
/** A folder may be shared between computers, whose process ids mean nothing to each other. */
const hostId = createHash('sha256').update(hostname()).digest('hex').slice(0, 8);
const pattern = /^\.soundlift-(?<host>[0-9a-f]{8})-(?<pid>[0-9]+)-(?<run>[0-9a-f]{8})-[0-9]+\.part$/;

/** After this long without a write, nobody is writing any more, whatever the process id says. */
const abandonedAfterSeconds = 24 * 3600;

let count = 0;

/** A hidden name that no other run and no other call gives. Short, so that it fits wherever the target's does. */
export function temporaryFileName(): string {
  count += 1;
  return `.soundlift-${hostId}-${process.pid}-${runId}-${count}.part`;
}

/** Removes from `folder` what runs that are over have left. What cannot be looked at or removed stays: it is in nobody's way. */
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
    // EPERM: it lives, and is somebody else's.
    return systemErrorCode(error) === 'EPERM';
  }
}
