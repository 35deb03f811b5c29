import type { Warning } from '../../shared/api.ts';
import type { ProcessLimits } from './ffmpeg/containment.ts';
import { isDecodeError, type LogLine, parseFrameLine, parseLogLine, tellsOfLoss } from './ffmpeg/ffmpeg-log.ts';
import type { Ffmpeg } from './ffmpeg/run-ffmpeg.ts';
import { listenArguments } from './outputs/mp3/mp3-arguments.ts';
import type { SourceFacts } from './source-facts.ts';

export type GapsWarning = Extract<Warning, { code: 'gaps' }>;

/**
 * A larger jump in the time stamps counts as a gap. Rounding to milliseconds makes smaller jumps; the shortest frame of
 * any codec in use is longer.
 */
const jumpSeconds = 0.01;
/**
 * Errors that are closer together than this count as one gap. One damaged spot often causes several errors with a frame
 * between them.
 */
const samePlaceSeconds = 0.5;

/** What the second decoding found. */
export interface Listening {
  /** Undefined if nothing is missing inside. */
  readonly gaps?: GapsWarning;
  /** Seconds from the first sample to the last one by their time stamps, gaps included. */
  readonly spanSeconds: number;
  /** The number of times that the sample rate, the channels or the sample format changes. */
  readonly formatChanges: number;
}

/**
 * Decodes the audio a second time to find gaps. It takes an eighth of the time that encoding takes, and is done only if
 * the first pass saw a reason for it.
 */
export async function listenAgain(request: {
  readonly ffmpeg: Ffmpeg;
  readonly workFolder: string;
  readonly facts: SourceFacts;
  readonly limits: ProcessLimits;
  readonly signal?: AbortSignal | undefined;
}): Promise<Listening> {
  const { ffmpeg, workFolder, facts, limits, signal } = request;
  const listener = createListener(facts);
  await ffmpeg.run({
    workFolder,
    commandLine: listenArguments(facts),
    limits,
    onLine: (line) => {
      const parsed = parseLogLine(line);
      if (parsed !== undefined) listener.hear(parsed);
    },
    ...(signal !== undefined && { signal }),
  });
  return listener.result();
}

export interface Listener {
  hear(line: LogLine): void;
  result(): Listening;
}

/**
 * A gap is a jump in the time stamps, or a decoder error without such a jump. What happens before the first frame and
 * after the last one is not a gap: audio may start late, recordings begin and end in the middle of a packet, and a
 * source that is cut short has a warning of its own. A recording with pauses has intended jumps, so jumps count only if
 * ffmpeg reported an error.
 */
export function createListener({ container, otherCodecs }: Pick<SourceFacts, 'container' | 'otherCodecs'>): Listener {
  let heardSeconds = 0;
  let expectedSeconds: number | undefined;
  let missingSeconds = 0;
  let format: string | undefined;
  let formatChanges = 0;
  let frames = 0;
  let pendingError = false;
  let complained = false;
  let firstAt: number | undefined;
  let lastAt = Number.NEGATIVE_INFINITY;
  let count = 0;

  return {
    hear(line) {
      const frame = parseFrameLine(line);
      if (frame === undefined) {
        complained ||= tellsOfLoss(line, otherCodecs);
        pendingError ||= frames > 0 && isDecodeError(line, container) && tellsOfLoss(line, otherCodecs);
        return;
      }
      const { startSeconds } = frame;
      const jump = expectedSeconds === undefined ? 0 : (startSeconds ?? expectedSeconds) - expectedSeconds;
      if (pendingError || Math.abs(jump) > jumpSeconds) {
        if (heardSeconds - lastAt > samePlaceSeconds) count += 1;
        firstAt ??= heardSeconds;
        lastAt = heardSeconds;
      }
      missingSeconds += jump;
      if (format !== undefined && format !== frame.format) formatChanges += 1;
      format = frame.format;
      const seconds = frame.samples / frame.sampleRate;
      heardSeconds += seconds;
      expectedSeconds = startSeconds === undefined ? undefined : startSeconds + seconds;
      frames += 1;
      pendingError = false;
    },
    result() {
      const spanSeconds = toMilliseconds(Math.max(0, heardSeconds + missingSeconds));
      if (firstAt === undefined || !complained) return { spanSeconds, formatChanges };
      return { gaps: { code: 'gaps', atSeconds: toMilliseconds(firstAt), count }, spanSeconds, formatChanges };
    },
  };
}

/** Adding thousands of fractions leaves meaningless digits at the end. */
function toMilliseconds(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
