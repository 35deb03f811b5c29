import { AppError } from '../../shared/errors.ts';
import type { Clock } from '../ports/clock.ts';

/** So many failures are free; after that, one more try is allowed each time `refillSeconds` have gone by. */
interface Allowance {
  readonly failures: number;
  readonly refillSeconds: number;
}

/**
 * API.md: ten in a quarter of an hour for one account from one place, a hundred from one place. Guessing one account's password from one place is slow soon; from many places, or at many accounts, a little later. Nobody is
 * locked out for good, and an attacker elsewhere has to work hard to lock out the owner. NIST SP 800-63B, section 5.2.2, allows 100
 * failures in a row.
 */
const allowances = {
  clientAndEmail: { failures: 10, refillSeconds: 90 },
  client: { failures: 100, refillSeconds: 9 },
  email: { failures: 100, refillSeconds: 30 },
} as const satisfies Record<string, Allowance>;
const kinds = Object.keys(allowances) as readonly (keyof typeof allowances)[];

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
  /** When the last of a key's failures will be forgotten, in monotonic seconds: each one is remembered for `refillSeconds` more. */
  const forgottenAt = new Map<string, number>();

  return {
    check(attempt) {
      for (const kind of kinds) {
        const { failures, refillSeconds } = allowances[kind];
        const now = clock.monotonicSeconds();
        const wait = (forgottenAt.get(keyOf(kind, attempt)) ?? now) - now - (failures - 1) * refillSeconds;
        if (wait > 0) {
          throw new AppError('too_many', 'Too many wrong passwords; wait a little before the next try.', {
            details: { retryAfterSeconds: Math.ceil(wait) },
          });
        }
      }
    },

    failed(attempt) {
      for (const kind of kinds) {
        const key = keyOf(kind, attempt);
        const now = clock.monotonicSeconds();
        const until = Math.max(forgottenAt.get(key) ?? now, now) + allowances[kind].refillSeconds;
        // Taken out and put in again, so that the map stays in the order of the latest failure.
        forgottenAt.delete(key);
        forgottenAt.set(key, until);
      }
      for (const key of forgottenAt.keys()) {
        if (forgottenAt.size <= maxEntries) break;
        forgottenAt.delete(key);
      }
    },

    succeeded(attempt) {
      forgottenAt.delete(keyOf('clientAndEmail', attempt));
    },
  };
}

function keyOf(kind: keyof typeof allowances, { client, email }: Attempt): string {
  switch (kind) {
    case 'clientAndEmail':
      return `${kind} ${client} ${email}`;
    case 'client':
      return `${kind} ${client}`;
    case 'email':
      return `${kind} ${email}`;
  }
}
