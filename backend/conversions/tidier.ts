import type { Logger } from 'pino';
import { AppError } from '../../shared/errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { LeaseState, LeaseStore } from '../ports/lease-store.ts';
import { type KeptLease, keepLease, leaseSeconds } from './kept-lease.ts';
import { watchLeases } from './lease-watch.ts';
import type { Tidy } from './tidy.ts';

const leaseName = 'tidy';
/** Seconds from the end of a pass, made by any process, to the next one. */
const pauseSeconds = 3600;

/** Lets one process at a time tidy, using a lease in the store. */
export interface Tidier {
  /**
   * Makes a pass now, unless another process is making one. With `alone`, no other process is running, so a holder of the lease
   * is dead.
   */
  pass(alone?: boolean): Promise<void>;
  /** Checks the lease, and makes a pass when it is due. Call this every few seconds. */
  look(): Promise<void>;
  /** Ends a pass in progress before its next step. */
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
      // If this process ends during a pass, another process will make the next one.
      if (!stopping.signal.aborted) {
        await kept.end(false).catch((error: unknown) => {
          log.warn({ err: error }, 'could not give up the lease for tidying; it will be taken over');
        });
      }
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
      // A process that has just started does not know when the last pass ended, so it makes one.
      const due = state.held ? stillSeconds >= leaseSeconds : !known || stillSeconds >= pauseSeconds;
      known = true;
      if (due) await passAs(state);
    },

    stop: () => stopping.abort(),
  };
}

/** Takes the lease if its counter is unchanged. */
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
