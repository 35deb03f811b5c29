import { AppError } from '../../shared/errors.ts';

export interface ConcurrencyLimit {
  /** Runs `task` when its turn has come. Throws `too_many` when too many wait already. */
  run<Result>(task: () => Promise<Result>): Promise<Result>;
}

/** Lets `running` tasks run at a time and `waiting` more wait for their turn, first come, first served. */
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
      throw new AppError('too_many', 'Too many people are signing in at once; try again in a moment.', {
        details: { retryAfterSeconds: 2 },
      });
    }
    // Whoever ends hands on its place, so `active` stays as it is.
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
