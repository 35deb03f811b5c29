import type { Clock } from '../ports/clock.ts';

/**
 * Measures how long the counters of leases have not changed, by this process's own monotonic clock, so the clocks of other
 * machines do not matter. At most `lookEverySeconds` are counted between two looks at a lease, so a process that was itself
 * suspended does not take all others for dead.
 */
export interface LeaseWatch {
  /** Seconds for which this lease has been seen with this counter. 0 if the lease is new or its counter has changed. */
  look(id: string, counter: number): number;
  /** Starts again with this lease. For example, its holder could not raise the counter because the store took no writes. */
  restart(id: string): void;
  /** Forgets the leases that were not looked at since the last call. */
  endRound(): void;
}

interface Seen {
  readonly counter: number;
  readonly lookedAt: number;
  readonly stillSeconds: number;
}

export function watchLeases(clock: Clock, lookEverySeconds: number): LeaseWatch {
  let before = new Map<string, Seen>();
  let round = new Map<string, Seen>();

  return {
    look(id, counter) {
      const lookedAt = clock.monotonicSeconds();
      const last = before.get(id);
      const same = last !== undefined && last.counter === counter;
      const stillSeconds = same ? last.stillSeconds + Math.min(lookedAt - last.lookedAt, lookEverySeconds) : 0;
      round.set(id, { counter, lookedAt, stillSeconds });
      return stillSeconds;
    },
    restart(id) {
      before.delete(id);
      round.delete(id);
    },
    endRound() {
      before = round;
      round = new Map();
    },
  };
}
