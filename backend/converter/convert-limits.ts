import type { ProcessLimits } from './ffmpeg/containment.ts';

/** What one conversion may cost at most. */
export interface ConvertLimits {
  /** Of sound. */
  readonly maxDurationSeconds: number;
  /** Of real time, for each pass of ffmpeg. */
  readonly wallSeconds: number;
  readonly cpuSeconds: number;
  /** Of address space, for each ffmpeg. */
  readonly memoryBytes: number;
  /** Of the MP3. */
  readonly outputBytes: number;
}

/**
 * - Time: 5 minutes, and as long as the sound itself. One core encodes 60 to 120 times faster than that; a small or busy machine
 *   still 5 times. Whoever is slower has hung, or was given something that was made to keep him busy.
 * - Memory: ffmpeg 5.1 takes 0.3 GB of address space for any codec, and up to 0.3 GB more for the index of a film of 12 hours;
 *   newer ones reserve 0.1 GB for each of their threads.
 * - Output: 320 kbit/s is the most that an MP3 has; and a cover.
 */
export function convertLimits({ maxDurationSeconds }: Pick<ConvertLimits, 'maxDurationSeconds'>): ConvertLimits {
  const seconds = 300 + maxDurationSeconds;
  return {
    maxDurationSeconds,
    wallSeconds: seconds,
    cpuSeconds: seconds,
    memoryBytes: 2 ** 31,
    outputBytes: maxDurationSeconds * 40_000 + 2 ** 26,
  };
}

/** The limits of one pass over a source: where its length is known, it does not get the time of the longest allowed. */
export function passLimits(limits: ConvertLimits, durationSeconds: number | undefined): ProcessLimits {
  const seconds = convertLimits({ maxDurationSeconds: durationSeconds ?? Number.POSITIVE_INFINITY }).wallSeconds;
  return {
    wallSeconds: Math.min(limits.wallSeconds, seconds),
    cpuSeconds: Math.min(limits.cpuSeconds, seconds),
    memoryBytes: limits.memoryBytes,
    fileBytes: limits.outputBytes,
  };
}
