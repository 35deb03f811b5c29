import type { BlobStore } from '../../ports/blob-store.ts';

/** Holds each call of one set of services back until the scheduler lets it go, and while the set is frozen. */
export interface Stepper {
  /** Waits for its turn. */
  step(): Promise<void>;
  /** A port whose calls wait for their turn before they begin and before they answer. Iterables are passed through. */
  stepped<Port extends object>(port: Port): Port;
  /** Lets nothing go until `thaw`. */
  freeze(): void;
  thaw(): void;
}

/** Knows when nothing is going on. */
export interface Activity {
  /** Counts `work` as going on until it has ended. */
  during<Result>(work: () => Promise<Result>): Promise<Result>;
  /** Within `during`: waits for something else, which is not work. */
  aside(wait: () => Promise<void>): Promise<void>;
  isQuiet(): boolean;
  /** Resolves once no work and no call to the file system is under way, and none begins. */
  quiet(): Promise<void>;
}

/** How many turns of the event loop without work are taken for quiet. */
const quietTurns = 5;

/**
 * Services also call the file system by themselves: a converter makes a folder. If such a call took longer than rounds of a
 * sweeper, those would take the lease of a healthy converter.
 */
function usesFileSystem(): boolean {
  return process.getActiveResourcesInfo().some((resource) => /^(FSReq|CloseReq)/u.test(resource));
}

export function watchActivity(): Activity {
  let underWay = 0;
  let begun = 0;

  async function during<Result>(work: () => Promise<Result>): Promise<Result> {
    underWay += 1;
    begun += 1;
    try {
      return await work();
    } finally {
      underWay -= 1;
    }
  }

  async function quiet(): Promise<void> {
    for (let turns = 0, seen = begun; turns < quietTurns; turns += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      if (underWay > 0 || begun !== seen || usesFileSystem()) [turns, seen] = [0, begun];
    }
  }

  return {
    during,
    quiet,
    isQuiet: () => underWay <= 0,
    async aside(wait) {
      underWay -= 1;
      try {
        await wait();
      } finally {
        underWay += 1;
      }
    },
  };
}

export function createStepper(schedule: () => Promise<void>, { during }: Activity): Stepper {
  let frozen: PromiseWithResolvers<void> | undefined;

  async function step(): Promise<void> {
    do {
      await frozen?.promise;
      await schedule();
    } while (frozen !== undefined);
  }

  return {
    step,
    freeze() {
      frozen ??= Promise.withResolvers();
    },
    thaw() {
      frozen?.resolve();
      frozen = undefined;
    },
    stepped(port) {
      return new Proxy(port, {
        get(from, key) {
          const method: unknown = Reflect.get(from, key);
          if (typeof method !== 'function') return method;
          return (...given: unknown[]) => {
            // What is iterated over is no promise; its reader waits for its turn elsewhere.
            if (iterating.has(key)) return Reflect.apply(method, from, given) as unknown;
            return (async () => {
              await step();
              const answer: unknown = await during(() => Reflect.apply(method, from, given) as Promise<unknown>);
              await step();
              return answer;
            })();
          };
        },
      });
    },
  };
}

const iterating: ReadonlySet<string | symbol> = new Set([
  'scan',
  'scanExpired',
  'list',
  'untoldBatches',
  'untoldOfBatch',
]);

/** Ignores fences, as a store does that has none: all writers have the same one. */
export function withoutFences(store: BlobStore): BlobStore {
  const one = 1;
  return {
    ...store,
    append: (id, _fence, ...rest) => store.append(id, one, ...rest),
    truncate: (id, _fence, bytes) => store.truncate(id, one, bytes),
    finish: (id) => store.finish(id, one),
    adopt: (id, _fence, ...rest) => store.adopt(id, one, ...rest),
    remove: (id) => store.remove(id, one),
  };
}
