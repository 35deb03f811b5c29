/** A line of `ffmpeg -loglevel level+…`. */
export interface LogLine {
  /** The component that logged the line: a decoder, a demuxer, a filter. Undefined for ffmpeg itself. */
  readonly speaker: string | undefined;
  readonly level: string;
  readonly text: string;
}

/** Since 6.0 ffmpeg itself has a speaker too, as in `[aist#0:1/aac @ 0x55…]`. */
const linePattern = /^(?:\[([^\]]+?) @ (?:0x)?[0-9a-f]+\] )?\[(panic|fatal|error|warning|info|verbose|debug)\] (.*)$/;

/** Returns undefined for the second and further lines of a message. */
export function parseLogLine(line: string): LogLine | undefined {
  const [, speaker, level, text] = linePattern.exec(line) ?? [];
  return level === undefined || text === undefined ? undefined : { speaker, level, text };
}

/** Warnings of demuxers that lost synchronization or found less than was announced. */
const lossWarnings =
  /corrupt|mismatch|invalid|missing|skip|resync|discontinuit|overread|truncat|too large|exceeds|error|changing packet size/i;
/** Warnings that do not concern the audio. */
const harmless = /filesize and duration do not match|Estimating duration|non monotonically|edit list|skipped samples/i;

/**
 * Whether a line reports that something could not be read. This is a reason to look closer, not yet a loss.
 * `otherCodecs` are the codecs of the streams that are not converted: ffmpeg decodes part of a picture to learn its
 * size, and reports errors there too.
 */
export function tellsOfLoss(line: LogLine, otherCodecs: readonly string[]): boolean {
  if (harmless.test(line.text)) return false;
  if (line.speaker !== undefined && otherCodecs.includes(line.speaker)) return false;
  if (line.level === 'warning') return lossWarnings.test(line.text);
  return line.level === 'error' || line.level === 'fatal' || line.level === 'panic';
}

/** Whether the line is an error of the decoder, not of the demuxer. */
export function isDecodeError(line: LogLine, container: string): boolean {
  if (line.level !== 'error') return false;
  if (line.speaker === undefined) return line.text.startsWith('Error while decoding stream');
  return line.speaker.split(',')[0] !== container;
}

/** A decoded audio frame, as the filter `ashowinfo` describes it. */
export interface DecodedFrame {
  /** Its time stamp in seconds. Undefined if the container has none. */
  readonly startSeconds: number | undefined;
  readonly samples: number;
  readonly sampleRate: number;
  /** Sample format, channels and sample rate, to compare with another frame's. */
  readonly format: string;
}

export function parseFrameLine({ speaker, text }: LogLine): DecodedFrame | undefined {
  if (speaker?.startsWith('Parsed_ashowinfo') !== true) return undefined;
  const [before, after] = cut(text, ' nb_samples:');
  const [, fromTime] = cut(before, ' pts_time:');
  const [, format] = cut(before, ' fmt:');
  const [, rate] = cut(format ?? '', ' rate:');
  const samples = /^\d+/.exec(after ?? '')?.[0];
  if (fromTime === undefined || !/^\d+$/.test(rate ?? '') || samples === undefined) return undefined;
  const startSeconds = Number(cut(fromTime, ' ')[0]);
  return {
    startSeconds: Number.isFinite(startSeconds) ? startSeconds : undefined,
    samples: Number(samples),
    sampleRate: Number(rate),
    format: `fmt:${format}`,
  };
}

/** The texts before and after the first `mark`. The second is undefined if there is none. */
function cut(text: string, mark: string): readonly [string, string | undefined] {
  const at = text.indexOf(mark);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + mark.length)];
}
