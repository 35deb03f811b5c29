import { setTimeout as delay } from 'node:timers/promises';
import { beingWritten, takenOver } from '../../ports/blob-rules.ts';

/** How long an older writer may take to stop using a blob's file. After that, the newer writer leaves the file behind. */
const letGoMilliseconds = 1000;

/** The right to change a blob during one call. */
export interface BlobClaim {
  /** The files to use. */
  readonly generation: number;
  /** Fires when a writer with a higher fence, or a removal, takes the blob. */
  readonly signal: AbortSignal;
  /** Only this many bytes count until the call has ended, even if the file has more. */
  limitTo(durableBytes: number): void;
}

export interface BlobClaims {
  /** The current generation of the blob's files. */
  generation(id: string): number;
  /** How many bytes of the growing file count; undefined for all. */
  durableBytes(id: string): number | undefined;
  /**
   * Runs `work` with the right to change the blob. Throws `wrong_state` for a lower fence, and for an equal one that is in use.
   */
  change<Result>(id: string, fence: number, work: (claim: BlobClaim) => Promise<Result>): Promise<Result>;
  /** The same for a change that replaces everything. Work under an equal fence is aborted too. */
  replace<Result>(id: string, fence: number, work: (claim: BlobClaim) => Promise<Result>): Promise<Result>;
  /** Forgets a blob of which nothing is left, once no call uses it. */
  forget(id: string): void;
}

export interface BlobFiles {
  /** Copies the first `durableBytes` (undefined: all) of one generation's files to another generation. */
  copy(id: string, from: number, to: number, durableBytes: number | undefined): Promise<void>;
  /** Removes the files of a generation. */
  remove(id: string, generation: number): Promise<void>;
}

interface Holder {
  readonly fence: number;
  generation: number;
  readonly controller: AbortController;
  /** Resolves when it has stopped using the files. */
  readonly settled: Promise<void>;
}

interface BlobState {
  fence: number;
  generation: number;
  lastGeneration: number;
  durableBytes: number | undefined;
  forgotten: boolean;
  readonly holders: Set<Holder>;
}

/**
 * Decides which writer may change which blob, within one process. A writer that is stuck in a call to the disk cannot be stopped:
 * it still has the file open, or is about to rename or remove it. So the next writer continues in a copy under other names, the
 * next generation. The stuck writer's names are never used again in this process.
 */
export function createBlobClaims(files: BlobFiles): BlobClaims {
  const states = new Map<string, BlobState>();

  async function hold<Result>(
    id: string,
    fence: number,
    replaces: boolean,
    work: (claim: BlobClaim) => Promise<Result>,
  ): Promise<Result> {
    const state = states.get(id) ?? newState();
    if (fence < state.fence) throw takenOver();
    const others = [...state.holders];
    if (!replaces && others.some((other) => other.fence === fence)) {
      throw beingWritten();
    }
    const { promise: settled, resolve: settle } = Promise.withResolvers<void>();
    const holder: Holder = { fence, generation: state.generation, controller: new AbortController(), settled };
    // All of this runs before the first await, so that of two calls that start at once one is refused.
    states.set(id, state);
    state.fence = fence;
    state.forgotten = false;
    state.holders.add(holder);
    for (const other of others) other.controller.abort(takenOver());
    const { signal } = holder.controller;
    const isLeftBehind = (): boolean => holder.generation !== state.generation;
    let limits = false;
    try {
      if (others.length > 0) await takeFrom(id, state, holder, others, replaces);
      const result = await work({
        generation: holder.generation,
        signal,
        limitTo(durableBytes) {
          if (isLeftBehind()) return;
          limits = true;
          state.durableBytes = durableBytes;
        },
      });
      if (isLeftBehind()) throw takenOver();
      return result;
    } catch (error) {
      throw isLeftBehind() ? takenOver(error) : error;
    } finally {
      // Files that cannot be removed now are removed when the store is next opened.
      if (isLeftBehind()) await files.remove(id, holder.generation).catch(() => undefined);
      else if (limits) state.durableBytes = undefined;
      state.holders.delete(holder);
      settle();
      dropIfForgotten(id, state);
    }
  }

  /** Waits for earlier calls to end, and leaves their files behind if they do not. */
  async function takeFrom(
    id: string,
    state: BlobState,
    holder: Holder,
    others: readonly Holder[],
    replaces: boolean,
  ): Promise<void> {
    const { signal } = holder.controller;
    const enough = new AbortController();
    await Promise.race([
      Promise.all(others.map(({ settled }) => settled)),
      delay(letGoMilliseconds, undefined, { signal: enough.signal }),
    ]);
    enough.abort();
    signal.throwIfAborted();
    if (!others.some((other) => state.holders.has(other))) {
      holder.generation = state.generation;
      return;
    }
    const before = state.generation;
    state.lastGeneration += 1;
    holder.generation = state.lastGeneration;
    if (!replaces) await files.copy(id, before, holder.generation, state.durableBytes);
    signal.throwIfAborted();
    state.generation = holder.generation;
    state.durableBytes = undefined;
    // They no longer affect anything.
    for (const other of others) state.holders.delete(other);
    await files.remove(id, before);
  }

  function dropIfForgotten(id: string, state: BlobState): void {
    // A stuck writer may still use its names, so they must not be used again.
    if (state.forgotten && state.holders.size === 0 && state.lastGeneration === 0) states.delete(id);
  }

  return {
    generation: (id) => states.get(id)?.generation ?? 0,
    durableBytes: (id) => states.get(id)?.durableBytes,
    change: (id, fence, work) => hold(id, fence, false, work),
    replace: (id, fence, work) => hold(id, fence, true, work),
    forget(id) {
      const state = states.get(id);
      if (state === undefined) return;
      state.forgotten = true;
      dropIfForgotten(id, state);
    },
  };
}

function newState(): BlobState {
  return {
    fence: 0,
    generation: 0,
    lastGeneration: 0,
    durableBytes: undefined,
    forgotten: false,
    holders: new Set(),
  };
}
