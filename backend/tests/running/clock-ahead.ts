import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

export const movedByVariable = 'TEST_CLOCK_AHEAD_SECONDS';

/** The environment of a process whose wall clock is so far ahead of that of this machine, or behind it. The monotonic clock stays. */
export function clockAhead(seconds: number): Readonly<Record<string, string>> {
  const preloaded = pathToFileURL(join(import.meta.dirname, 'moved-clock.ts')).href;
  return { NODE_OPTIONS: `--import=${preloaded}`, [movedByVariable]: String(seconds) };
}
