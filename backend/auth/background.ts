import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { isAppError } from '../../shared/errors.ts';

/** How long a stop waits for work in progress. */
const graceSeconds = 3;

/** Work that goes on after the request that caused it was answered. */
export interface Background {
  /** Runs `work`. What it throws is logged with `failed`, unless a stop has caused it. */
  start(failed: string, work: () => Promise<void>): void;
  /** Fires when the process stops: work in progress goes on, but must not wait for anything that takes longer than a mail. */
  readonly ending: AbortSignal;
  /** Fires when work in progress has taken too long after that. */
  readonly aborted: AbortSignal;
  readonly log: Logger;
  /** Resolves once no work is in progress. */
  stop(): Promise<void>;
}

export function createBackground(log: Logger): Background {
  const running = new Set<Promise<void>>();
  const ending = new AbortController();
  const aborting = new AbortController();
  return {
    start(failed, work) {
      const run = work()
        .catch((error: unknown) => {
          if (ending.signal.aborted) log.warn({ err: error }, `${failed} before the process stopped`);
          else if (!isAppError(error, 'cancelled')) log.error({ err: error }, failed);
        })
        .finally(() => running.delete(run));
      running.add(run);
    },
    ending: ending.signal,
    aborted: aborting.signal,
    log,
    async stop() {
      ending.abort();
      const done = new AbortController();
      delay(graceSeconds * 1000, undefined, { signal: done.signal }).then(
        () => aborting.abort(),
        () => undefined,
      );
      while (running.size > 0) await Promise.all(running);
      done.abort();
    },
  };
}
