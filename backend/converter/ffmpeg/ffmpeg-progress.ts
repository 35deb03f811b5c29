/** How far a conversion is. */
export interface ConvertProgress {
  /** Fraction 0–1, never less than before. 0 as long as the sound's length is not known. */
  readonly progress: number;
  /** Absent while nothing can be said. */
  readonly etaSeconds?: number;
  /** Seconds of sound a second. */
  readonly speed?: number;
}

/** How often it is told at most. */
const minIntervalSeconds = 0.2;
/** Over how long the speed is looked at: long enough to be steady, short enough to notice a machine that has become busy. */
const speedWindowSeconds = 5;

export interface ProgressMeter {
  /** How much sound has come so far, and when (on any clock that does not jump). Undefined when it is too early to tell again. */
  measure(doneSeconds: number, nowSeconds: number): ConvertProgress | undefined;
}

/**
 * Makes progress out of the sound that has come. ffmpeg's own `time=` is not used: it starts at where late sound starts, and jumps
 * with the time stamps of a recording; sound that has come has come.
 */
export function createProgressMeter(durationSeconds: number | undefined, startedAt: number): ProgressMeter {
  let told = startedAt;
  let progress = 0;
  const window = [{ doneSeconds: 0, at: startedAt }];

  return {
    measure(doneSeconds, nowSeconds) {
      if (nowSeconds - told < minIntervalSeconds) return undefined;
      told = nowSeconds;
      window.push({ doneSeconds, at: nowSeconds });
      while (window.length > 2 && nowSeconds - (window[1]?.at ?? nowSeconds) >= speedWindowSeconds) window.shift();
      const since = window[0] ?? { doneSeconds: 0, at: startedAt };
      const speed = Math.max(0, doneSeconds - since.doneSeconds) / (nowSeconds - since.at);
      if (durationSeconds === undefined) return { progress, speed };
      progress = Math.min(1, Math.max(progress, doneSeconds / durationSeconds));
      if (speed === 0) return { progress, speed };
      return { progress, speed, etaSeconds: Math.max(0, durationSeconds - doneSeconds) / speed };
    },
  };
}
