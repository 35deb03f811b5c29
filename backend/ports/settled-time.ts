import type { Clock } from './clock.ts';

/** How long something must have been due before it is deleted. */
const settleSeconds = 3600;

/**
 * The time by which deletions are decided. The wall clock may jump forward and back, and a deletion cannot be undone. So a thing is
 * deleted only if it has been due for an hour, by the monotonic clock and every reading of the wall clock in that hour.
 */
export interface SettledTime {
  /**
   * Reads both clocks. Returns the lowest reading of the wall clock in the last hour: what is due at that time may be deleted.
   * Undefined until an hour after the first reading. Call this at every check, and at least once before the first deletion.
   */
  read(): Date | undefined;
}

export function createSettledTime(clock: Clock): SettledTime {
  let firstAt: number | undefined;
  /** Readings by rising time of the wall clock. One that is higher than a later one is never the lowest again. */
  const readings: { readonly at: number; readonly wall: Date }[] = [];

  return {
    read() {
      const at = clock.monotonicSeconds();
      const wall = clock.now();
      firstAt ??= at;
      while ((readings.at(-1)?.wall ?? 0) >= wall) readings.pop();
      readings.push({ at, wall });
      // The last reading before the hour began counts too: readings may be more than an hour apart.
      while ((readings[1]?.at ?? Number.POSITIVE_INFINITY) <= at - settleSeconds) readings.shift();
      return at - firstAt >= settleSeconds ? readings[0]?.wall : undefined;
    },
  };
}
