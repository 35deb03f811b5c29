import { AppError } from '../../shared/errors.ts';
import type { Clock } from '../ports/clock.ts';
import { networkOf } from './client-network.ts';

/** Failures older than this do not count. */
const windowSeconds = 15 * 60;

/**
 * So many failures within the window; then each further try waits until one of them is older. Guessing one account's password from one
 * place is slow soon; from many places, or at many accounts, a little later. Nobody is locked out for good, and an attacker
 * elsewhere has to work hard to lock out the owner. NIST SP 800-63B, section 5.2.2, allows 100 failures in a row.
 */
const allowedFailures = { clientAndEmail: 10, client: 100, email: 100 } as const satisfies Record<string, number>;
const kinds = Object.keys(allowedFailures) as readonly (keyof typeof allowedFailures)[];

/** Flat memory, however many names an attacker makes up: the oldest entries go first. */
const maxEntries = 20_000;

interface Attempt {
  readonly client: string;
  readonly email: string;
}

/** Counts failed sign-ins, in this process. */
export interface SignInLimits {
  /** Throws `too_many`, with `retryAfterSeconds`, when it is too early for another try. */
  check(attempt: Attempt): void;
  failed(attempt: Attempt): void;
  /** Whoever knows the password starts afresh. */
  succeeded(attempt: Attempt): void;
}

export function createSignInLimits(clock: Clock): SignInLimits {
  /** When the latest of a key's failures were, in monotonic seconds, the oldest first: as many as are allowed, at most. */
  const failures = new Map<string, readonly number[]>();

  return {
    check(attempt) {
      const now = clock.monotonicSeconds();
      for (const kind of kinds) {
        const times = failures.get(keyOf(kind, attempt)) ?? [];
        const [oldest] = times;
        if (oldest === undefined || times.length < allowedFailures[kind]) continue;
        const wait = oldest + windowSeconds - now;
        if (wait > 0) {
          throw new AppError('too_many', 'Too many tries; wait a little before the next.', {
            details: { retryAfterSeconds: Math.ceil(wait) },
          });
        }
      }
    },

    failed(attempt) {
      const now = clock.monotonicSeconds();
      for (const kind of kinds) {
        const key = keyOf(kind, attempt);
        const times = [...(failures.get(key) ?? []), now].slice(-allowedFailures[kind]);
        // Taken out and put in again, so that the map stays in the order of the latest failure.
        failures.delete(key);
        failures.set(key, times);
      }
      for (const key of failures.keys()) {
        if (failures.size <= maxEntries) break;
        failures.delete(key);
      }
    },

    succeeded(attempt) {
      failures.delete(keyOf('clientAndEmail', attempt));
    },
  };
}

function keyOf(kind: keyof typeof allowedFailures, { client: address, email }: Attempt): string {
  const client = networkOf(address);
  switch (kind) {
    case 'clientAndEmail':
      return `${kind} ${client} ${email}`;
    case 'client':
      return `${kind} ${client}`;
    case 'email':
      return `${kind} ${email}`;
  }
}
