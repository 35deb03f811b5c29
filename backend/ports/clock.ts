/** The time. Tests replace it with a clock that they control. */
export interface Clock {
  /** The wall clock, for times that people read and for expiry. May jump. */
  now(): Date;
  /** Seconds since an arbitrary moment. Never jumps, and has no meaning in another process. */
  monotonicSeconds(): number;
}

export const systemClock: Clock = {
  now: () => new Date(),
  monotonicSeconds: () => performance.now() / 1000,
};
