/** At most `count` uses within any `seconds`. */
export interface Limit {
  /** At least 1. */
  readonly count: number;
  readonly seconds: number;
}

export type Allowance =
  | {
      readonly allowed: true;
      /** Identifies this use for `giveBack`. */
      readonly use: string;
    }
  | {
      readonly allowed: false;
      /** Seconds until one more use fits, if none is given back before. A whole number, at least 1. */
      readonly retryAfterSeconds: number;
    };

/**
 * Counts uses by key, for example guesses at a password. It does not measure bytes or speed. All instances that share a store count together: they allow what one instance would. The store measures the
 * time, so the clocks of machines need not agree.
 *
 * Keys may be of any length and are compared exactly. A key must always have the same limit. The amount of stored data is
 * bounded: uses that have left their window are removed, and an adapter with too many keys drops the least recently used ones.
 *
 * All methods throw `unavailable` if the store cannot be reached.
 */
export interface RateLimit {
  /**
   * Counts one more use of `key` if the limit allows it. Atomic: of two calls at once, only one gets the last use. A refused use
   * does not count.
   */
  allow(key: string, limit: Limit): Promise<Allowance>;

  /** How many uses of `key` there were within the last `seconds`. */
  count(key: string, seconds: number): Promise<number>;

  /** Uncounts this use, and no other. Does nothing if it no longer counts. */
  giveBack(key: string, use: string): Promise<void>;

  /** Uncounts all uses of `key`. */
  forget(key: string): Promise<void>;
}
