/** What sending is of the whole way to an MP3: nobody knows the line beforehand. */
export const sentShare = 0.5;

/** How far a whole run is. */
export interface OverallProgress {
  /** 0–1; never goes back, and is 1 only once everything has ended. */
  readonly fraction: number;
  /** Absent while nothing can be said yet. */
  readonly etaSeconds?: number;
  /** Seconds of sound a second, over all that run at the same time; absent while nothing runs. */
  readonly speed?: number;
}

/** Makes one progress out of many conversions'. Sources go by their index. */
export interface OverallMeter {
  begin(source: number): void;
  /** The sound's length, once it is known. */
  length(source: number, seconds: number): void;
  progress(source: number, fraction: number, speed: number | undefined): void;
  /** It was converted. */
  end(source: number): void;
  /** It will not be: nothing of it counts. */
  drop(source: number): void;
  read(): OverallProgress;
}

/** How much of the past says how fast it goes. */
const windowSeconds = 20;
/** Samples of the past are no closer than this. */
const sampleEverySeconds = 0.5;
/** So much must have passed before it is said how long the rest takes. */
const leastSeconds = 1;

interface Running {
  readonly bytes: number;
  readonly seconds?: number;
  readonly fraction: number;
  readonly speed?: number;
}

/**
 * The measure is seconds of sound, which is what the time goes into. A source that was not read yet counts by its bytes, at the
 * rate of those that were. `sourceBytes` is each source's size; `now` is monotonic, in seconds. Costs the same for the first and
 * the last of many sources.
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
      // Without a length it is left out of the rate.
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
