import type { Logger } from 'pino';
import { AppError } from '../../shared/errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { LeaseState, LeaseStore } from '../ports/lease-store.ts';
import { type KeptLease, keepLease, leaseSeconds } from './kept-lease.ts';
import { watchLeases } from './lease-watch.ts';
import type { Tidy } from './tidy.ts';

const leaseName = 'tidy';
/** From the end of a pass, whichever process made it, to the next one. */
const pauseSeconds = 3600;

/** Lets one process at a time tidy, by a lease in the store. */
export interface Tidier {
  /** Makes a pass now, unless another process is at one. For a process that works alone, `alone`: whoever held the lease is dead. */
  pass(alone?: boolean): Promise<void>;
  /** Looks at the lease, and makes a pass when it is due. To be called every few seconds. */
  look(): Promise<void>;
  /** Ends a pass that is under way before its next step. */
  stop(): void;
}

export interface TidierParts {
  readonly tidy: Tidy;
  readonly leases: LeaseStore;
  readonly clock: Clock;
  /** Seconds between two calls of `look`. */
  readonly lookEverySeconds: number;
  readonly log: Logger;
}

export function createTidier({ tidy, leases, clock, lookEverySeconds, log }: TidierParts): Tidier {
  const watch = watchLeases(clock, lookEverySeconds);
  const stopping = new AbortController();
  let known = false;

  async function passAs(state: LeaseState): Promise<void> {
    const lease = await take(leases, state.counter, log);
    if (lease === undefined) return;
    await using kept = lease;
    try {
      await tidy(AbortSignal.any([kept.signal, stopping.signal]));
    } finally {
      // A pass that was broken off by the end of this process is left to another one.
      if (!stopping.signal.aborted) await kept.end(false);
    }
    if (kept.signal.aborted) log.warn({ err: kept.signal.reason }, 'tidying was taken over by another process');
  }

  return {
    async pass(alone = false) {
      const state = await leases.read(leaseName);
      known = true;
      if (alone || !state.held) await passAs(state);
    },

    async look() {
      const state = await leases.read(leaseName);
      const stillSeconds = watch.look(leaseName, state.counter);
      watch.endRound();
      // When the last pass ended, a process that has just started does not know: it makes one.
      const due = state.held ? stillSeconds >= leaseSeconds : !known || stillSeconds >= pauseSeconds;
      known = true;
      if (due) await passAs(state);
    },

    stop: () => stopping.abort(),
  };
}

/** Takes the lease if its counter is still where it was seen. */
async function take(leases: LeaseStore, seen: number, log: Logger): Promise<KeptLease<boolean, true> | undefined> {
  let counter = seen;
  async function write(held: boolean): Promise<true | AppError> {
    if (!(await leases.raise(leaseName, counter, held)))
      return new AppError('wrong_state', 'The lease was taken over.');
    counter += 1;
    return true;
  }
  if ((await write(true)) !== true) return undefined;
  return keepLease({ write, renewal: () => true, log: log.child({ lease: leaseName }) });
}
