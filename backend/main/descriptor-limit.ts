import { readFileSync } from 'node:fs';

/** How many descriptors this process may have open. Undefined where the system does not say, or has no limit. */
export function descriptorLimit(): number | undefined {
  if (process.platform !== 'linux') return undefined;
  // proc(5): the soft limit, which Node raises to the hard one when it starts.
  const limit = /^Max open files +([0-9]+) /m.exec(ownLimits())?.[1];
  return limit === undefined ? undefined : Number(limit);
}

function ownLimits(): string {
  try {
    return readFileSync('/proc/self/limits', 'utf8');
  } catch {
    // Some containers have no /proc.
    return '';
  }
}
