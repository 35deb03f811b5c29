/** At most `count` uses within any `seconds`. */
export interface Limit {
  /** At least 1. */
  readonly count: number;
  readonly seconds: number;
}

export type Allowance =
  | {
      readonly allowed: true;
      /** Names this use for `giveBack`. */
      readonly use: string;
    }
  | {
      readonly allowed: false;
      /** When one more fits, if none is given back before. A whole number, at least 1. */
      readonly retryAfterSeconds: number;
    };

/**
 * Counts uses by key. All instances over one store count together: they allow what one instance would. The store measures the
 * time, so the clocks of machines need not agree.
 *
 * Keys may be of any length and are compared exactly. A key always comes with the same limit. What is stored stays bounded: uses
 * that have left their window are removed, and an adapter that has too many drops the keys that were used least recently.
 *
 * All methods throw `unavailable` when the store cannot be reached.
 */
export interface RateLimit {
  /**
   * Counts one more use of `key` if the limit has room for it. Atomic: of two calls at once, only one gets the last use. A use that
   * is refused does not count.
   */
  allow(key: string, limit: Limit): Promise<Allowance>;

  /** Uncounts this use, and no other. Does nothing when it is not counted any more. */
  giveBack(key: string, use: string): Promise<void>;

  /** Uncounts all uses of `key`. */
  forget(key: string): Promise<void>;
}
