import type { Conversion } from '../../../shared/api.ts';
import { steadyTimeLeft, type TimeLeft } from './time-left.ts';

/** What is known of an entry while it is under way, and is not written down. */
export interface LiveEntry {
  /** Ends what runs for it here. */
  readonly controller?: AbortController;
  readonly isSaving?: boolean;
  /** Of the bytes that have to be sent, 0–1. */
  readonly sent?: number;
  readonly state?: Conversion['state'];
  readonly speed?: number;
  readonly etaSeconds?: number;
  readonly timeLeft?: TimeLeft;
  /** When the upload began; monotonic, in seconds, as all times here. */
  readonly sentSince?: number;
  readonly heardAt?: number;
  /** Not to be tried again before. */
  readonly notBefore?: number;
}

/** The live facts of the entries that are under way. */
export interface LiveEntries {
  get(id: string): LiveEntry | undefined;
  all(): Iterable<readonly [string, LiveEntry]>;
  update(id: string, change: Partial<LiveEntry>): void;
  /** Something moves: from now on its time left is reckoned. */
  updateMoving(id: string, change: Partial<LiveEntry>): void;
  /** What ran for it has ended, unless another has begun meanwhile. */
  end(id: string, controller: AbortController): void;
  forget(id: string): void;
  /** All are to be asked after. */
  doubtAll(): void;
  /** All may be tried at once. */
  hurryAll(): void;
}

/** @param onChange called with the ids of entries of which something else is to be shown */
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
