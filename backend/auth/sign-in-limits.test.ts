import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { AppError, isAppError } from '../../shared/errors.ts';
import { createMemoryRateLimit } from '../adapters/embedded/memory-rate-limit.ts';
import type { RateLimit } from '../ports/rate-limit.ts';
import { type Attempt, createSignInLimits, type SignInLimits } from './sign-in-limits.ts';

const ada = { client: 'home', email: 'ada@example.com' };

let seconds: number;
let limits: SignInLimits;

/** How long the attempt must wait; 0 when it was made. */
async function waitOf(attempt: Promise<unknown>): Promise<number> {
  try {
    await attempt;
    return 0;
  } catch (error) {
    if (isAppError(error, 'too_many')) return error.details?.['retryAfterSeconds'] ?? Number.NaN;
    throw error;
  }
}
const guessWrong = (attempt: Attempt): Promise<number> => waitOf(limits.guess(attempt, async () => undefined));
const guessRight = (attempt: Attempt): Promise<number> => waitOf(limits.guess(attempt, async () => true));
const askForMail = (attempt: Attempt): Promise<number> => waitOf(limits.askForMail(attempt));

/** How long the next try must wait. Counts nothing and forgets nothing. */
async function wait(attempt: Attempt): Promise<number> {
  const away = new AppError('unavailable', 'The store is away.');
  return await waitOf(
    limits
      .guess(attempt, () => Promise.reject(away))
      .catch((error: unknown) => {
        if (error !== away) throw error;
      }),
  );
}

const clock = { now: () => new Date(0), monotonicSeconds: () => seconds };

beforeEach(() => {
  seconds = 1000;
  limits = createSignInLimits(createMemoryRateLimit(clock));
});

describe('sign-in limits', () => {
  it('allow ten wrong guesses within any quarter of an hour', async () => {
    for (let i = 0; i < 9; i += 1) {
      await guessWrong(ada);
      seconds += 90;
    }
    expect(await wait(ada)).toBe(0);
    await guessWrong(ada);
    // The first was 810 seconds ago.
    expect(await wait(ada)).toBe(90);
    seconds += 89.5;
    expect(await wait(ada)).toBe(1);
    seconds += 0.5;
    expect(await guessWrong(ada)).toBe(0);
    expect(await wait(ada)).toBe(90);
  });

  it('allow ten more a quarter of an hour after ten at once', async () => {
    for (let round = 0; round < 2; round += 1) {
      for (let i = 0; i < 10; i += 1) expect(await guessWrong(ada)).toBe(0);
      expect(await wait(ada)).toBe(900);
      seconds += 900;
    }
  });

  it('neither check nor count a guess that comes too early', async () => {
    for (let i = 0; i < 10; i += 1) await guessWrong(ada);
    seconds += 450;
    let checked = 0;
    for (let i = 0; i < 20; i += 1) {
      await waitOf(
        limits.guess(ada, async () => {
          checked += 1;
        }),
      );
    }
    expect(checked).toBe(0);
    expect(await wait(ada)).toBe(450);
  });

  it('let the owner in from another client meanwhile', async () => {
    for (let i = 0; i < 20; i += 1) await guessWrong({ ...ada, client: 'an attacker' });
    expect(await wait({ ...ada, client: 'an attacker' })).toBeGreaterThan(0);
    expect(await wait(ada)).toBe(0);
  });

  it('limit one client that tries many accounts', async () => {
    for (let i = 0; i < 100; i += 1) await guessWrong({ ...ada, email: `${i}@example.com` });
    expect(await wait({ ...ada, email: 'never@example.com' })).toBe(900);
    expect(await wait({ ...ada, client: 'elsewhere' })).toBe(0);
  });

  it('count all addresses of one customer’s network as one client', async () => {
    for (let i = 0; i < 100; i += 1) await guessWrong({ client: `2001:db8:1:2::${i}`, email: `${i}@example.com` });
    expect(await wait({ ...ada, client: '2001:db8:1:2:ffff::1' })).toBe(900);
    expect(await wait({ ...ada, client: '2001:db8:1:3::1' })).toBe(0);
  });

  it('limit many clients that guess at one account', async () => {
    for (let i = 0; i < 100; i += 1) await guessWrong({ ...ada, client: `place ${i}` });
    expect(await wait({ ...ada, client: 'one more' })).toBe(900);
    expect(await wait({ ...ada, email: 'eve@example.com' })).toBe(0);
  });

  it('count a refused guess against no limit', async () => {
    for (let i = 0; i < 10; i += 1) await guessWrong(ada);
    for (let i = 0; i < 200; i += 1) await guessWrong(ada);
    for (let i = 0; i < 90; i += 1) {
      expect(await guessWrong({ ...ada, email: `${i}@example.com` })).toBe(0);
      expect(await guessWrong({ ...ada, client: `place ${i}` })).toBe(0);
    }
  });

  it('forget the wrong guesses of someone who then gets it right', async () => {
    for (let round = 0; round < 3; round += 1) {
      for (let i = 0; i < 9; i += 1) expect(await guessWrong(ada)).toBe(0);
      expect(await guessRight(ada)).toBe(0);
    }
  });

  it('do not count right guesses', async () => {
    for (let i = 0; i < 99; i += 1) await guessWrong({ ...ada, email: `${i}@example.com` });
    for (let i = 0; i < 200; i += 1) expect(await guessRight({ ...ada, email: `right ${i}` })).toBe(0);
    expect(await guessWrong(ada)).toBe(0);
    expect(await wait({ ...ada, email: 'never right' })).toBe(900);
  });

  it('let a client in that was right before, whatever others guess at its account or from its address', async () => {
    await guessRight(ada);
    for (let place = 0; place < 10; place += 1) {
      for (let i = 0; i < 10; i += 1) await guessWrong({ ...ada, client: `place ${place}` });
    }
    for (let i = 0; i < 100; i += 1) await guessWrong({ ...ada, email: `${i}@example.com` });
    expect(await wait({ ...ada, client: 'a new place' })).toBe(900);
    expect(await wait({ ...ada, email: 'eve@example.com' })).toBe(900);
    expect(await wait(ada)).toBe(0);
    // Its own guesses still count.
    for (let i = 0; i < 10; i += 1) expect(await guessWrong(ada)).toBe(0);
    expect(await wait(ada)).toBe(900);
  });

  it('forget such a client after a month', async () => {
    await guessRight(ada);
    seconds += 30 * 24 * 3600;
    for (let i = 0; i < 100; i += 1) await guessWrong({ ...ada, client: `place ${i}` });
    expect(await wait(ada)).toBe(900);
  });

  it('count the guesses of a session apart from all others', async () => {
    const guessInSession = (session: string) => waitOf(limits.guessInSession(session, async () => undefined));
    for (let i = 0; i < 100; i += 1) await guessWrong({ ...ada, client: `place ${i}` });
    for (let i = 0; i < 10; i += 1) expect(await guessInSession('hers')).toBe(0);
    expect(await guessInSession('hers')).toBe(900);
    expect(await guessInSession('another of hers')).toBe(0);
  });

  it('allow a class to sign up from one address, and no more', async () => {
    for (let i = 0; i < 50; i += 1) expect(await waitOf(limits.signUp('home'))).toBe(0);
    expect(await waitOf(limits.signUp('home'))).toBe(900);
    expect(await waitOf(limits.signUp('elsewhere'))).toBe(0);
    expect(await wait(ada)).toBe(0);
  });

  it('count requests for mail, each of them and apart from guesses', async () => {
    for (let i = 0; i < 10; i += 1) expect(await askForMail(ada)).toBe(0);
    expect(await askForMail(ada)).toBe(900);
    expect(await wait(ada)).toBe(0);
    await guessRight(ada);
    expect(await askForMail(ada)).toBe(900);
  });
});

/** Looks, and counts afterwards: between the two, another process may do the same. */
const countsLate = (real: RateLimit, later: () => Promise<unknown>): RateLimit => ({
  ...real,
  async allow(key, limit) {
    const answer = await real.allow(key, limit);
    if (!answer.allowed) return answer;
    await real.giveBack(key, answer.use);
    await later();
    const counted = await real.allow(key, limit);
    return counted.allowed ? counted : answer;
  },
});

type Sabotage = typeof countsLate;

/** Wrong guesses at one account through two processes, between right ones at others, with random pauses at every await. */
async function interleavings(numRuns: number, sabotage?: Sabotage): Promise<void> {
  const guess = fc.record({ atAda: fc.boolean(), later: fc.nat(3) });
  const rounds = fc.array(fc.array(guess, { maxLength: 16 }), { maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), rounds, async (scheduler, plan) => {
      let now = 0;
      const pause = (): Promise<unknown> => scheduler.schedule(Promise.resolve());
      const memory = createMemoryRateLimit({ ...clock, monotonicSeconds: () => now });
      const store = sabotage?.(memory, pause) ?? memory;
      const paused: RateLimit = {
        allow: async (...given) => (await pause(), await store.allow(...given)),
        count: async (...given) => (await pause(), await store.count(...given)),
        giveBack: async (...given) => (await pause(), await store.giveBack(...given)),
        forget: async (...given) => (await pause(), await store.forget(...given)),
      };
      const processes = [createSignInLimits(paused), createSignInLimits(paused)] as const;
      const checkedAt: number[] = [];
      for (const guesses of plan) {
        const made = guesses.map(async ({ atAda }, index) => {
          const guessing = processes[index % 2 === 0 ? 0 : 1].guess(
            atAda ? ada : { ...ada, email: `${index}@example.com` },
            async () => {
              if (atAda) checkedAt.push(now);
              await pause();
              return atAda ? undefined : true;
            },
          );
          await waitOf(guessing);
        });
        await scheduler.waitFor(Promise.all(made));
        now += 300 * (guesses[0]?.later ?? 0);
      }
      for (const from of checkedAt) {
        const inWindow = checkedAt.filter((at) => at >= from && at < from + 900);
        if (inWindow.length > 10) throw new Error(`${inWindow.length} guesses within a window`);
      }
    }),
    { numRuns, endOnFailure: true },
  );
}

describe('two processes over one store', () => {
  it('together check no more guesses than one would, within any window', async () => {
    await interleavings(100);
  });

  it('are caught when they look first and count later', async () => {
    const failure: unknown = await interleavings(1000, countsLate).catch((error: unknown) => error);
    expect(failure).toHaveProperty('cause.message', expect.stringMatching(/guesses within a window/));
  });
});
