import { AppError } from '../../shared/errors.ts';
import type { Limit, RateLimit } from '../ports/rate-limit.ts';
import { networkOf } from './client-network.ts';

const windowSeconds = 15 * 60;

/**
 * How many tries are allowed within the window. Guessing one account's password from one place is soon slow; from many places, or
 * at many accounts, a little later. Nobody is locked out for good, and an attacker elsewhere has to work hard to lock out the
 * owner. NIST SP 800-63B, section 5.2.2, allows 100 failures in a row.
 */
const limits = {
  client: { count: 100, seconds: windowSeconds },
  email: { count: 100, seconds: windowSeconds },
  clientAndEmail: { count: 10, seconds: windowSeconds },
} as const satisfies Record<string, Limit>;

export interface Attempt {
  /** The client's address. */
  readonly client: string;
  readonly email: string;
}

/** Slows down the guessing of passwords and codes, and requests for mail. All processes over one `RateLimit` count together. */
export interface SignInLimits {
  /**
   * Runs `check`, which resolves with undefined for a wrong guess, and returns its result. Only wrong guesses count, and a right one
   * forgets the wrong ones of this client at this address. Throws `too_many`, with `retryAfterSeconds`, without running `check`.
   */
  guess<Result>(attempt: Attempt, check: () => Promise<Result | undefined>): Promise<Result | undefined>;

  /** Counts a request for mail, apart from the guesses. Throws `too_many`, with `retryAfterSeconds`. */
  askForMail(attempt: Attempt): Promise<void>;
}

interface CountedUse {
  readonly key: string;
  readonly use: string;
}

export function createSignInLimits(rateLimit: RateLimit): SignInLimits {
  /** Counts one try against each limit, or against none. */
  async function count(keys: ReturnType<typeof keysOf>): Promise<readonly CountedUse[]> {
    const counted: CountedUse[] = [];
    // The client's own limit comes first: a client that has used it up makes the store keep no more keys, whatever it sends.
    for (const kind of ['client', 'email', 'clientAndEmail'] as const) {
      const key = keys[kind];
      const answer = await rateLimit.allow(key, limits[kind]);
      if (!answer.allowed) {
        await giveBack(counted);
        throw new AppError('too_many', 'Too many attempts. Wait a little before the next one.', {
          details: { retryAfterSeconds: answer.retryAfterSeconds },
        });
      }
      counted.push({ key, use: answer.use });
    }
    return counted;
  }

  async function giveBack(counted: readonly CountedUse[]): Promise<void> {
    await Promise.all(counted.map(({ key, use }) => rateLimit.giveBack(key, use)));
  }

  return {
    async guess(attempt, check) {
      const keys = keysOf('sign-in', attempt);
      // Counted before the check and given back after it: of many guesses sent at once, to any number of processes, only as many
      // are checked as are allowed.
      const counted = await count(keys);
      const result = await check().catch(async (error: unknown) => {
        // A store that is away is not a wrong guess. If it cannot be given back either, it counts until it leaves the window.
        await giveBack(counted).catch(() => undefined);
        throw error;
      });
      if (result === undefined) return undefined;
      await giveBack(counted);
      await rateLimit.forget(keys.clientAndEmail);
      return result;
    },

    async askForMail(attempt) {
      await count(keysOf('mail', attempt));
    },
  };
}

function keysOf(what: 'sign-in' | 'mail', { client: address, email }: Attempt): Record<keyof typeof limits, string> {
  const client = networkOf(address);
  return {
    client: JSON.stringify([what, 'client', client]),
    email: JSON.stringify([what, 'email', email]),
    clientAndEmail: JSON.stringify([what, 'client and email', client, email]),
  };
}
