import { setTimeout as delay } from 'node:timers/promises';

/** Enough for a busy machine. Only a failing test waits this long. */
const defaultSeconds = 40;

export interface Patience {
  /** The most seconds to wait. */
  readonly seconds?: number;
  /** The time between two calls of `look`. */
  readonly everyMilliseconds?: number;
}

/**
 * Calls `look` until it returns something. Throws what `look` throws, and an error that names `what` after `seconds`.
 */
export async function waitUntil<Found>(
  what: string,
  look: () => Promise<Found | undefined | false> | Found | undefined | false,
  { seconds = defaultSeconds, everyMilliseconds = 50 }: Patience = {},
): Promise<Found> {
  const end = performance.now() + seconds * 1000;
  do {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    await delay(everyMilliseconds);
  } while (performance.now() < end);
  throw new Error(`gave up after ${seconds} s waiting for: ${what}`);
}
