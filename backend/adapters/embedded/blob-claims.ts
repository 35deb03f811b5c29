import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '../../../shared/errors.ts';

/** How long an older writer may take to let go of a blob's file. After that the newer one leaves the file behind. */
const letGoMilliseconds = 1000;

/** The right to change a blob, for the length of one call. */
export interface BlobClaim {
  /** Whose files to use. */
  readonly generation: number;
  /** Fires when a higher fence, or a removal, takes the blob. */
  readonly signal: AbortSignal;
  /** Only this many bytes count until the call is over, whatever lies in the file. */
  limitTo(durableBytes: number): void;
}

export interface BlobClaims {
  /** Which generation of the blob's files is the blob. */
  generation(id: string): number;
  /** How many of the growing file's bytes count; undefined for all. */
  durableBytes(id: string): number | undefined;
  /** Does `work` as the one that changes the blob. Throws `wrong_state` for a lower fence, and for an equal one while that is at work. */
  change<Result>(id: string, fence: number, work: (claim: BlobClaim) => Promise<Result>): Promise<Result>;
  /** The same for a change that keeps nothing of what is there. An equal fence's work is broken off too. */
  replace<Result>(id: string, fence: number, work: (claim: BlobClaim) => Promise<Result>): Promise<Result>;
  /** Lets go of what is known of a blob of which nothing is left, once nobody is at work on it. */
  forget(id: string): void;
}

export interface BlobFiles {
  /** Makes the first `durableBytes` (undefined: all) of one generation's files another generation's too. */
  copy(id: string, from: number, to: number, durableBytes: number | undefined): Promise<void>;
  /** Removes what is there of a generation. */
  remove(id: string, generation: number): Promise<void>;
}

interface Holder {
  readonly fence: number;
  generation: number;
  readonly controller: AbortController;
  /** Resolves when it has let go. */
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
 * Who may change which blob, within one process. A writer that is stuck in a call to the disk cannot be stopped: it still has the file open,
 * or is about to rename or remove it. So the next one goes on in a copy under other names, the next generation, and the stuck one's names are
 * never used again in this process.
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
      throw new AppError('wrong_state', 'Something else is writing this.');
    }
    const { promise: settled, resolve: settle } = Promise.withResolvers<void>();
    const holder: Holder = { fence, generation: state.generation, controller: new AbortController(), settled };
    // All of this before anything is awaited, so that of two that begin at once one is refused.
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
      // What cannot be removed now goes when the store is opened again.
      if (isLeftBehind()) await files.remove(id, holder.generation).catch(() => undefined);
      else if (limits) state.durableBytes = undefined;
      state.holders.delete(holder);
      settle();
      dropIfForgotten(id, state);
    }
  }

  /** Waits for those that are at work already, and leaves their files behind if they do not let go. */
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
    // They are in nobody's way any more.
    for (const other of others) state.holders.delete(other);
    await files.remove(id, before);
  }

  function dropIfForgotten(id: string, state: BlobState): void {
    // While a stuck writer may come back, its names must not be used again.
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

function takenOver(cause?: unknown): AppError {
  return new AppError('wrong_state', 'Another writer has taken this over.', { cause });
}
