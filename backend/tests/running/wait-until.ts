import { setTimeout as delay } from 'node:timers/promises';

/** Long enough for a machine that does three other things; only a test that fails waits for so long. */
const defaultSeconds = 40;

export interface Patience {
  /** Until it is given up. */
  readonly seconds?: number;
  /** Between two looks. */
  readonly everyMilliseconds?: number;
}

/** Looks again and again until `look` gives something. Throws what a look throws, and once `seconds` have gone by what was waited for. */
export async function waitUntil<Found>(
  what: string,
  look: () => Promise<Found | undefined | false> | Found | undefined | false,
  { seconds = defaultSeconds, everyMilliseconds = 20 }: Patience = {},
): Promise<Found> {
  const end = performance.now() + seconds * 1000;
  do {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    await delay(everyMilliseconds);
  } while (performance.now() < end);
  throw new Error(`waited ${seconds} s in vain: ${what}`);
}
