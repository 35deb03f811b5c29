import type { Clock } from '../ports/clock.ts';

/**
 * How long rows have stood still, by this process's own monotonic clock: clocks of other machines never matter. Rows are
 * looked at again and again; between two looks no more than `lookEverySeconds` is counted, so that a process that was itself
 * asleep does not take everyone else for dead.
 */
export interface LeaseWatch {
  /** Seconds for which this row has been seen at this revision. 0 when it is new or has moved. */
  look(id: string, revision: number): number;
  /** Forgets those that were not looked at since the last call. */
  endRound(): void;
}

interface Seen {
  readonly revision: number;
  readonly lookedAt: number;
  readonly stillSeconds: number;
}

export function watchLeases(clock: Clock, lookEverySeconds: number): LeaseWatch {
  let before = new Map<string, Seen>();
  let round = new Map<string, Seen>();

  return {
    look(id, revision) {
      const lookedAt = clock.monotonicSeconds();
      const last = before.get(id);
      const same = last !== undefined && last.revision === revision;
      const stillSeconds = same ? last.stillSeconds + Math.min(lookedAt - last.lookedAt, lookEverySeconds) : 0;
      round.set(id, { revision, lookedAt, stillSeconds });
      return stillSeconds;
    },
    endRound() {
      before = round;
      round = new Map();
    },
  };
}
