/** The progress of a conversion. */
export interface ConvertProgress {
  /** Fraction 0–1. It never decreases, and stays 0 if the duration is not known. */
  readonly progress: number;
  /** Absent if the duration is not known or nothing was converted recently. */
  readonly etaSeconds?: number;
  /** Seconds of audio per second. */
  readonly speed?: number;
}

/** Progress is reported at most this often. */
const minIntervalSeconds = 0.2;
/**
 * The speed is measured over this time: long enough to be steady, short enough to notice when the machine becomes busy.
 */
const speedWindowSeconds = 5;

export interface ProgressMeter {
  /**
   * `doneSeconds` is the audio so far, `nowSeconds` the time on a clock that does not jump. Returns undefined if the
   * last report is too recent.
   */
  measure(doneSeconds: number, nowSeconds: number): ConvertProgress | undefined;
}

/**
 * Computes progress from the amount of decoded audio. ffmpeg's `time=` is not used: it starts at the start time of late
 * audio and jumps with the time stamps of a recording.
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
