import type { Conversion } from '../../../shared/api.ts';
import { steadyTimeLeft, type TimeLeft } from './time-left.ts';

/** What is known of an entry while it is worked on. It is not stored. */
export interface LiveEntry {
  /** Stops the work for it here. */
  readonly controller?: AbortController;
  readonly isSaving?: boolean;
  /** The part of its bytes that has been sent, 0–1. */
  readonly sent?: number;
  readonly state?: Conversion['state'];
  readonly speed?: number;
  readonly etaSeconds?: number;
  readonly timeLeft?: TimeLeft;
  /** When the upload began. Like all times here: monotonic, in seconds. */
  readonly sentSince?: number;
  readonly heardAt?: number;
  /** The time of the next try. */
  readonly notBefore?: number;
}

/** The live facts of all entries that are worked on. */
export interface LiveEntries {
  get(id: string): LiveEntry | undefined;
  all(): Iterable<readonly [string, LiveEntry]>;
  update(id: string, change: Partial<LiveEntry>): void;
  /** Updates an entry that makes progress, so that its time left is estimated. */
  updateMoving(id: string, change: Partial<LiveEntry>): void;
  /** To be called when the work of `controller` has ended. Does nothing if other work has begun meanwhile. */
  end(id: string, controller: AbortController): void;
  forget(id: string): void;
  /** Makes all entries be asked for soon. */
  doubtAll(): void;
  /** Allows all entries to be tried now. */
  hurryAll(): void;
}

/** @param onChange called with the ids of entries whose rows may look different now */
export function createLiveEntries(onChange: (ids: readonly string[]) => void): LiveEntries {
  const live = new Map<string, LiveEntry>();

  function update(id: string, change: Partial<LiveEntry>): void {
    live.set(id, { ...live.get(id), ...change });
    onChange([id]);
  }

  return {
    get: (id) => live.get(id),
    all: () => live.entries(),
    update,
    updateMoving(id, change) {
      const timeLeft = live.get(id)?.timeLeft ?? steadyTimeLeft(monotonicSeconds());
      update(id, { ...change, timeLeft });
    },
    end(id, controller) {
      const one = live.get(id);
      if (one?.controller !== controller) return;
      const { controller: _controller, isSaving: _saving, sentSince: _since, ...rest } = one;
      live.set(id, rest);
      onChange([id]);
    },
    forget(id) {
      live.delete(id);
    },
    doubtAll() {
      for (const [id, one] of live) live.set(id, { ...one, heardAt: 0 });
    },
    hurryAll() {
      for (const [id, { notBefore: _notBefore, ...one }] of live) live.set(id, one);
    },
  };
}

export function monotonicSeconds(): number {
  return performance.now() / 1000;
}
