import { AppError } from '../../shared/errors.ts';
import { codeMailLimits, guessLimits, signUpLimit } from '../client-limits.ts';
import { networkOf } from '../http/client-network.ts';
import type { Limit, RateLimit } from '../ports/rate-limit.ts';

export interface Attempt {
  /** The client's address. */
  readonly client: string;
  readonly email: string;
}

/** How long a client counts as known after it has signed in to an account. */
const knownSeconds = 30 * 24 * 3600;

/** Slows down the guessing of passwords and codes, sign-ups, and requests for mail. All processes over one `RateLimit` count together. */
export interface SignInLimits {
  /**
   * Runs `check`, which resolves with undefined for a wrong guess, and returns its result. Only wrong guesses count, and a right one
   * forgets the wrong ones of this client at this address. A client that was right before is not held up by the guesses of others.
   * Throws `too_many`, with `retryAfterSeconds`, without running `check`.
   */
  guess<Result>(attempt: Attempt, check: () => Promise<Result | undefined>): Promise<Result | undefined>;

  /** The same for a guess of someone who is signed in. Only the wrong ones of this session count. */
  guessInSession<Result>(sessionId: string, check: () => Promise<Result | undefined>): Promise<Result | undefined>;

  /** Counts a try to make an account. Throws `too_many`, with `retryAfterSeconds`. */
  signUp(client: string): Promise<void>;

  /** Records that this client is known to this account. */
  remember(attempt: Attempt): Promise<void>;

  /** Counts a request for mail, apart from the guesses. Throws `too_many`, with `retryAfterSeconds`. */
  askForMail(attempt: Attempt): Promise<void>;
}

interface CountedUse {
  readonly key: string;
  readonly use: string;
}

export function createSignInLimits(rateLimit: RateLimit): SignInLimits {
  /** Counts one try against each limit, or against none. */
  async function count(limits: readonly KeyedLimit[]): Promise<readonly CountedUse[]> {
    const counted: CountedUse[] = [];
    for (const { key, limit } of limits) {
      const answer = await rateLimit.allow(key, limit);
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

  /** Counts a guess unless it is right. The last of the limits is that of the narrowest key. */
  async function guess<Result>(
    limits: readonly KeyedLimit[],
    check: () => Promise<Result | undefined>,
  ): Promise<Result | undefined> {
    // Counted before the check and given back after it: of many guesses sent at once, to any number of processes, only as many
    // are checked as are allowed.
    const counted = await count(limits);
    const result = await check().catch(async (error: unknown) => {
      // A store that is away is not a wrong guess. If it cannot be given back either, it counts until it leaves the window.
      await giveBack(counted).catch(() => undefined);
      throw error;
    });
    if (result === undefined) return undefined;
    await giveBack(counted);
    const narrowest = limits.at(-1);
    if (narrowest !== undefined) await rateLimit.forget(narrowest.key);
    return result;
  }

  async function remember(attempt: Attempt): Promise<void> {
    const key = knownKey(attempt);
    await rateLimit.forget(key);
    await rateLimit.allow(key, { count: 1, seconds: knownSeconds });
  }

  return {
    remember,

    async guess(attempt, check) {
      const isKnown = (await rateLimit.count(knownKey(attempt), knownSeconds)) > 0;
      const limits = limitsOf('sign-in', attempt, guessLimits);
      const result = await guess(isKnown ? limits.slice(-1) : limits, check);
      if (result !== undefined) await remember(attempt);
      return result;
    },

    guessInSession: (sessionId, check) =>
      guess([{ key: JSON.stringify(['session', sessionId]), limit: guessLimits.session }], check),

    async signUp(client) {
      await count([{ key: JSON.stringify(['sign-up', networkOf(client)]), limit: signUpLimit }]);
    },

    async askForMail(attempt) {
      await count(limitsOf('mail', attempt, codeMailLimits));
    },
  };
}

interface KeyedLimit {
  readonly key: string;
  readonly limit: Limit;
}

/** The client's own limit comes first: a client that has used it up makes the store keep no more keys, whatever it sends. */
function limitsOf(
  what: 'sign-in' | 'mail',
  { client: address, email }: Attempt,
  limits: Readonly<Record<'client' | 'email' | 'clientAndEmail', Limit>>,
): readonly KeyedLimit[] {
  const client = networkOf(address);
  return [
    { key: JSON.stringify([what, 'client', client]), limit: limits.client },
    { key: JSON.stringify([what, 'email', email]), limit: limits.email },
    { key: JSON.stringify([what, 'client and email', client, email]), limit: limits.clientAndEmail },
  ];
}

function knownKey({ client, email }: Attempt): string {
  return JSON.stringify(['known', networkOf(client), email]);
}
