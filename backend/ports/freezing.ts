import { AsyncLocalStorage } from 'node:async_hooks';

/** Whether a call is stopped before anything has come of it, or when all has and only its answer is not there yet. */
export type FreezingPoint = 'before' | 'after';

/** Work that stands still in one of its calls, as a process does that was stopped, or whose disk hangs. */
export interface FrozenWork {
  /** Lets it go on; resolves with how it ended. */
  thaw(): Promise<PromiseSettledResult<unknown>>;
}

interface Watch {
  calls: number;
  readonly stopAt: number;
  readonly point: FreezingPoint;
  stand(): Promise<void>;
}

const watches = new AsyncLocalStorage<Watch>();

/** `call`, as one that {@link freezeAt} can stop. An adapter under test does all its I/O through such calls. */
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

/** How many calls `work` makes that can be stopped. */
export async function countCalls(work: () => Promise<unknown>): Promise<number> {
  const watch: Watch = { calls: 0, stopAt: 0, point: 'before', stand: async () => undefined };
  await watches.run(watch, work);
  return watch.calls;
}

/** Starts `work` and resolves once it stands still at its call number `stopAt`, counted from 1; undefined when it ends before. */
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
