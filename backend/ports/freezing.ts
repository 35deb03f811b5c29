import { AsyncLocalStorage } from 'node:async_hooks';

/** Whether a call is stopped before it has any effect, or after all its effects and before its answer. */
export type FreezingPoint = 'before' | 'after';

/** Work that is stopped in one of its calls, like a process that was suspended or whose disk hangs. */
export interface FrozenWork {
  /** Lets the work continue, and resolves with how it ended. */
  thaw(): Promise<PromiseSettledResult<unknown>>;
}

interface Watch {
  calls: number;
  readonly stopAt: number;
  readonly point: FreezingPoint;
  stand(): Promise<void>;
}

const watches = new AsyncLocalStorage<Watch>();

/** Wraps `call` so that {@link freezeAt} can stop it. An adapter under test must do all its I/O through such calls. */
export function freezable<Given extends readonly unknown[], Result>(
  call: (...given: Given) => Promise<Result>,
): (...given: Given) => Promise<Result> {
  return async (...given) => {
    const watch = watches.getStore();
    if (watch === undefined) return await call(...given);
    watch.calls += 1;
    const stops = watch.calls === watch.stopAt;
    if (stops && watch.point === 'before') await watch.stand();
    try {
      return await call(...given);
    } finally {
      if (stops && watch.point === 'after') await watch.stand();
    }
  };
}

/** How many calls of `work` can be stopped. */
export async function countCalls(work: () => Promise<unknown>): Promise<number> {
  const watch: Watch = { calls: 0, stopAt: 0, point: 'before', stand: async () => undefined };
  await watches.run(watch, work);
  return watch.calls;
}

/** Starts `work` and resolves once it has stopped at its call number `stopAt`, counted from 1; undefined if it ends before. */
export async function freezeAt(
  stopAt: number,
  point: FreezingPoint,
  work: () => Promise<unknown>,
): Promise<FrozenWork | undefined> {
  const stands = Promise.withResolvers<true>();
  const thawed = Promise.withResolvers<void>();
  const watch: Watch = {
    calls: 0,
    stopAt,
    point,
    stand() {
      stands.resolve(true);
      return thawed.promise;
    },
  };
  const ended = Promise.allSettled([watches.run(watch, work)]).then(([outcome]) => outcome);
  const stood = await Promise.race([stands.promise, ended.then(() => false)]);
  if (!stood) return undefined;
  return {
    thaw() {
      thawed.resolve();
      return ended;
    },
  };
}
