/** A line of `ffmpeg -loglevel level+…`. */
export interface LogLine {
  /** Who says it: a decoder, a demuxer, a filter; undefined for ffmpeg itself. */
  readonly speaker: string | undefined;
  readonly level: string;
  readonly text: string;
}

/** From 6.0 on the program itself is a speaker, too, as in `[aist#0:1/aac @ 0x55…]`. */
const linePattern = /^(?:\[([^\]]+?) @ (?:0x)?[0-9a-f]+\] )?\[(panic|fatal|error|warning|info|verbose|debug)\] (.*)$/;

/** Undefined for the rest of what was said over several lines. */
export function parseLogLine(line: string): LogLine | undefined {
  const [, speaker, level, text] = linePattern.exec(line) ?? [];
  return level === undefined || text === undefined ? undefined : { speaker, level, text };
}

/** Said as warnings by demuxers that have lost their place, or found less than was announced. */
const lossWarnings =
  /corrupt|mismatch|invalid|missing|skip|resync|discontinuit|overread|truncat|too large|exceeds|error|changing packet size/i;
/** Complaints that say nothing of what can be heard. */
const harmless = /filesize and duration do not match|Estimating duration|non monotonically|edit list|skipped samples/i;

/**
 * Whether a line tells that something could not be read: a reason to look closer, not yet a loss. `otherCodecs` are those of
 * the streams that are not converted; ffmpeg decodes a little of a picture to learn its size, and complains there too.
 */
export function tellsOfLoss(line: LogLine, otherCodecs: readonly string[]): boolean {
  if (harmless.test(line.text)) return false;
  if (line.speaker !== undefined && otherCodecs.includes(line.speaker)) return false;
  if (line.level === 'warning') return lossWarnings.test(line.text);
  return line.level === 'error' || line.level === 'fatal' || line.level === 'panic';
}

/** Whether it was the decoder that could not read it, and not the demuxer that looked for it. */
export function isDecodeError(line: LogLine, container: string): boolean {
  if (line.level !== 'error') return false;
  if (line.speaker === undefined) return line.text.startsWith('Error while decoding stream');
  return line.speaker.split(',')[0] !== container;
}

/** A frame of sound that was decoded, as the filter `ashowinfo` describes it. */
export interface DecodedFrame {
  /** When it is due. Absent where the container does not say. */
  readonly startSeconds: number | undefined;
  readonly samples: number;
  readonly sampleRate: number;
  /** Kind of samples, channels and sample rate, to be compared with another frame's. */
  readonly format: string;
}

export function parseFrameLine({ speaker, text }: LogLine): DecodedFrame | undefined {
  if (speaker?.startsWith('Parsed_ashowinfo') !== true) return undefined;
  const [, time, format, rate, samples] =
    /\bpts_time:(\S+) .*?\b(fmt:.*\brate:(\d+)) nb_samples:(\d+)/.exec(text) ?? [];
  if (format === undefined) return undefined;
  const startSeconds = Number(time);
  return {
    startSeconds: Number.isFinite(startSeconds) ? startSeconds : undefined,
    samples: Number(samples),
    sampleRate: Number(rate),
    format,
  };
}
