import { AppError } from '../../shared/errors.ts';

export interface ConcurrencyLimit {
  /** Runs `task` when its turn comes. Throws `too_many` when too many are waiting already. */
  run<Result>(task: () => Promise<Result>): Promise<Result>;
}

/** Runs at most `running` tasks at a time, in order of arrival; at most `waiting` more wait. */
export function limitConcurrency({
  running,
  waiting,
}: {
  readonly running: number;
  readonly waiting: number;
}): ConcurrencyLimit {
  const queue: (() => void)[] = [];
  let active = 0;

  async function turn(): Promise<void> {
    if (active < running) {
      active += 1;
      return;
    }
    if (queue.length >= waiting) {
      throw new AppError('too_many', 'Too many people are signing in at once. Try again in a moment.', {
        details: { retryAfterSeconds: 2 },
      });
    }
    // The task that ends starts this one, so `active` stays the same.
    await new Promise<void>((resolve) => queue.push(resolve));
  }

  return {
    async run(task) {
      await turn();
      try {
        return await task();
      } finally {
        const next = queue.shift();
        if (next === undefined) active -= 1;
        else next();
      }
    },
  };
}
