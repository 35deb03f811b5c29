import type { Warning } from '../../shared/api.ts';
import type { ProcessLimits } from './ffmpeg/containment.ts';
import { isDecodeError, type LogLine, parseFrameLine, parseLogLine, tellsOfLoss } from './ffmpeg/ffmpeg-log.ts';
import type { Ffmpeg } from './ffmpeg/run-ffmpeg.ts';
import { listenArguments } from './outputs/mp3/mp3-arguments.ts';
import type { SourceFacts } from './source-facts.ts';

export type GapsWarning = Extract<Warning, { code: 'gaps' }>;

/** Longer than what rounding to milliseconds makes, shorter than the shortest frame of any codec that is in use. */
const jumpSeconds = 0.01;
/** One damaged place is often several errors, and a frame between them. */
const samePlaceSeconds = 0.5;

/** What was found by listening once more. */
export interface Listening {
  /** Undefined where nothing is missing inside. */
  readonly gaps?: GapsWarning;
  /** From the first sound to the end of the last one by their time stamps, what is missing in between included. */
  readonly spanSeconds: number;
  /** How often the sound changes its sample rate, its channels or its kind of samples. */
  readonly formatChanges: number;
}

/**
 * Decodes once more, in an eighth of the time that encoding takes, to find the places where sound is missing: asked for only
 * where the first pass gave reason to.
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
 * A gap is a jump in the time stamps, or an error of the decoder that is bridged without one. What happens before the first
 * frame and after the last one is no gap: sound may begin late, recordings begin and end in the middle of a packet, and where
 * a video breaks off is told as such. Jumps are as wanted in a recording with pauses: they count only where something complained.
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

/** Sums of thousands of fractions end in digits that mean nothing. */
function toMilliseconds(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
