/** The share of a conversion's progress that is uploading, 0–1. A guess: the speed of the connection is not known in advance. */
export const sentShare = 0.5;

/** The progress of a whole run. */
export interface OverallProgress {
  /** 0–1. Never decreases, and is 1 only once everything has ended. */
  readonly fraction: number;
  /** Absent until there is enough to estimate from. */
  readonly etaSeconds?: number;
  /** Seconds of audio per second, summed over all running conversions. Absent while none runs. */
  readonly speed?: number;
}

/** Combines the progress of many conversions. Sources are named by their index. */
export interface OverallMeter {
  begin(source: number): void;
  /** Sets the length of the audio, once it is known. */
  length(source: number, seconds: number): void;
  progress(source: number, fraction: number, speed: number | undefined): void;
  /** The source was converted. */
  end(source: number): void;
  /** The source will not be converted. It no longer counts. */
  drop(source: number): void;
  read(): OverallProgress;
}

/** The speed is measured over this much time. */
const windowSeconds = 20;
/** The least time between two samples. */
const sampleEverySeconds = 0.5;
/** The remaining time is not estimated before this much time has passed. */
const leastSeconds = 1;

interface Running {
  readonly bytes: number;
  readonly seconds?: number;
  readonly fraction: number;
  readonly speed?: number;
}

/**
 * Progress is measured in seconds of audio, because they determine the time that a conversion takes. The length of a source that was
 * not read yet is estimated from its size, at the rate of those that were. A call takes the same time at the start and at the end of a
 * long run.
 * @param sourceBytes the size of each source
 * @param now monotonic, in seconds
 */
export function createOverallMeter(sourceBytes: readonly number[], now: () => number): OverallMeter {
  const running = new Map<number, Running>();
  let waitingBytes = sourceBytes.reduce((sum, bytes) => sum + bytes, 0);
  let left = sourceBytes.length;
  const ended = { bytes: 0, seconds: 0 };
  let furthest = 0;
  const samples: { readonly at: number; readonly fraction: number }[] = [];

  function update(source: number, change: Partial<Running>): void {
    const before = running.get(source);
    if (before !== undefined) running.set(source, { ...before, ...change });
  }

  function settle(source: number, counts: boolean): void {
    const last = running.get(source);
    if (last === undefined) waitingBytes -= sourceBytes[source] ?? 0;
    else if (counts) {
      // A source without a length does not count towards the rate.
      ended.bytes += last.seconds === undefined ? 0 : last.bytes;
      ended.seconds += last.seconds ?? 0;
    }
    running.delete(source);
    left -= 1;
  }

  function measure(): number {
    if (left <= 0) return 1;
    let knownBytes = ended.bytes;
    let knownSeconds = ended.seconds;
    for (const { bytes, seconds } of running.values()) {
      if (seconds === undefined) continue;
      knownBytes += bytes;
      knownSeconds += seconds;
    }
    const secondsPerByte = knownBytes > 0 && knownSeconds > 0 ? knownSeconds / knownBytes : 1;
    let total = ended.seconds + waitingBytes * secondsPerByte;
    let done = ended.seconds;
    for (const { bytes, seconds = bytes * secondsPerByte, fraction } of running.values()) {
      total += seconds;
      done += seconds * fraction;
    }
    return total > 0 ? Math.min(done / total, 0.999) : 0;
  }

  function sample(): void {
    const at = now();
    const latest = samples.at(-1);
    if (latest !== undefined && at - latest.at < sampleEverySeconds) return;
    samples.push({ at, fraction: furthest });
    while ((samples[1]?.at ?? at) <= at - windowSeconds) samples.shift();
  }

  function eta(): number | undefined {
    const oldest = samples[0];
    if (left <= 0) return 0;
    if (oldest === undefined) return undefined;
    const seconds = now() - oldest.at;
    const gained = furthest - oldest.fraction;
    return seconds >= leastSeconds && gained > 0 ? ((1 - furthest) * seconds) / gained : undefined;
  }

  return {
    begin(source) {
      const bytes = sourceBytes[source] ?? 0;
      waitingBytes -= bytes;
      running.set(source, { bytes, fraction: 0 });
    },
    length: (source, seconds) => update(source, { seconds }),
    progress(source, fraction, speed) {
      update(source, speed === undefined ? { fraction } : { fraction, speed });
    },
    end: (source) => settle(source, true),
    drop: (source) => settle(source, false),
    read() {
      furthest = Math.max(furthest, measure());
      sample();
      let speed = 0;
      for (const one of running.values()) speed += one.speed ?? 0;
      const etaSeconds = eta();
      return {
        fraction: furthest,
        ...(etaSeconds === undefined ? {} : { etaSeconds }),
        ...(speed > 0 ? { speed } : {}),
      };
    },
  };
}
