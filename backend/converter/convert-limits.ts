import type { ProcessLimits } from './ffmpeg/containment.ts';

/** The most that one conversion may use. */
export interface ConvertLimits {
  /** Duration of the audio. */
  readonly maxDurationSeconds: number;
  /** Wall-clock time for each pass of ffmpeg. */
  readonly wallSeconds: number;
  readonly cpuSeconds: number;
  /** Address space for each ffmpeg. */
  readonly memoryBytes: number;
  /** Size of the MP3. */
  readonly outputBytes: number;
}

/**
 * The limits for a source of a given maximum duration.
 *
 * - Time: 5 minutes plus the duration of the audio. One core encodes 60 to 120 times faster than that; a small or busy
 *   machine is still 5 times faster. A slower ffmpeg hangs, or was given a file that was made to keep it busy.
 * - Memory: ffmpeg 5.1 takes 0.3 GB of address space for any codec, and up to 0.3 GB more for the index of a video of
 *   12 hours. Newer versions reserve 0.1 GB for each of their threads.
 * - Output: 320 kbit/s, the highest bitrate of an MP3, plus a cover.
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

/**
 * The limits of one pass over a source. If its duration is known, the time limits follow from it instead of from the
 * longest duration that is allowed.
 */
export function passLimits(limits: ConvertLimits, durationSeconds: number | undefined): ProcessLimits {
  const seconds = convertLimits({ maxDurationSeconds: durationSeconds ?? Number.POSITIVE_INFINITY }).wallSeconds;
  return {
    wallSeconds: Math.min(limits.wallSeconds, seconds),
    cpuSeconds: Math.min(limits.cpuSeconds, seconds),
    memoryBytes: limits.memoryBytes,
    fileBytes: limits.outputBytes,
  };
}
