/** Time, so that tests can hold it. */
export interface Clock {
  /** The wall clock, for what a person reads and for what expires. May jump. */
  now(): Date;
  /** Seconds since some moment; never jumps, and means nothing to another process. */
  monotonicSeconds(): number;
}

export const systemClock: Clock = {
  now: () => new Date(),
  monotonicSeconds: () => performance.now() / 1000,
};
