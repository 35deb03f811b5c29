import { AppError } from '../../../shared/errors.ts';
import type { ProcessLimits } from './containment.ts';

/**
 * Whether a line says that something could not be written. ffmpeg 5.1 ends with 0 all the same where that happens to the last
 * 32 KB of a file.
 */
export function tellsOfFailedWrite(line: string): boolean {
  return /\[error\] (?:Error writing trailer|Error closing file|Error muxing|av_interleaved_write_frame)/.test(line);
}

/** How a program ended that did not end well. */
export interface FailedEnd {
  readonly program: 'ffmpeg' | 'ffprobe';
  /** Undefined when it was ended by a signal, or could not be started. */
  readonly exitCode: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
  /** What was thrown when it could not be started. */
  readonly startError?: unknown;
  /** The last lines of its standard error. */
  readonly stderrTail: string;
  readonly elapsedSeconds: number;
  readonly limits: ProcessLimits;
}

/** The name under which a source lies in a work folder, as the programs repeat it in what they complain about. */
const source = /(?:^|[\s:\]])source: /m;

const busyThreads = 4;

interface Reading {
  readonly applies: (end: FailedEnd) => boolean;
  readonly error: (end: FailedEnd) => ConstructorParameters<typeof AppError>;
}

/** The words are the C library's (`strerror`) and ffmpeg's own, the same from 5.1 to 7.1. The first that applies counts. */
const readings: readonly Reading[] = [
  {
    applies: (end) => end.startError !== undefined,
    error: () => ['converter_failed', 'The converter could not be started.'],
  },
  {
    applies: says(/No space left on device|Disk quota exceeded/),
    error: () => ['disk_full', 'The disk is full.'],
  },
  {
    // The kernel asks a program to end at the limit; the first process of a namespace does not hear of it, and is refused the write.
    applies: (end) => end.signal === 'SIGXFSZ' || says(/File too large/)(end),
    error: ({ limits }) => [
      'converter_failed',
      'The MP3 became larger than is allowed.',
      { details: { limitBytes: limits.fileBytes } },
    ],
  },
  {
    // At SIGXCPU ffmpeg ends in order, with 255 as after any signal, and says so only to those who ask for more than warnings;
    // what does not listen is killed soon after. The time that has passed tells: few of ffmpeg's threads are ever busy at once.
    applies: ({ exitCode, signal, elapsedSeconds, limits }) =>
      signal === 'SIGXCPU' ||
      ((exitCode === 255 || signal === 'SIGKILL') && elapsedSeconds * busyThreads >= limits.cpuSeconds),
    error: ({ limits }) => [
      'timed_out',
      'The conversion took too long and was stopped.',
      { details: { limitSeconds: limits.cpuSeconds } },
    ],
  },
  {
    applies: says(/Cannot allocate memory|std::bad_alloc|failed to map segment/),
    error: ({ limits }) => [
      'converter_failed',
      'The video needs more memory than the converter may use.',
      { details: { limitBytes: limits.memoryBytes } },
    ],
  },
  {
    applies: (end) => source.test(end.stderrTail) && says(/source: No such file or directory/)(end),
    error: () => ['source_missing', 'The video is no longer where it was.'],
  },
  {
    applies: (end) =>
      source.test(end.stderrTail) &&
      says(/source: (?:Permission denied|Operation not permitted|Input\/output error|Stale file handle)/)(end),
    error: () => ['source_unreadable', 'The video cannot be read.'],
  },
  {
    applies: says(/Unknown encoder 'libmp3lame'/),
    error: () => ['converter_failed', 'This ffmpeg cannot make MP3s: it was built without libmp3lame.'],
  },
  {
    applies: says(/Decoder .* not found for input stream|Decoding requested, but no decoder found/),
    error: () => ['damaged', 'The sound is in a format that the converter does not know.'],
  },
  {
    applies: (end) => end.signal === 'SIGKILL',
    error: () => ['converter_failed', 'The converter was stopped from outside, perhaps for want of memory.'],
  },
];

/** What a failed end of ffmpeg or ffprobe means for a person. The last lines of what it said are kept as the cause. */
export function translateFailure(end: FailedEnd): AppError {
  const [code, message, options] = readings.find(({ applies }) => applies(end))?.error(end) ?? [
    'converter_failed',
    'The converter stopped before it was through.',
  ];
  const how = end.signal ?? (end.exitCode === undefined ? 'not started' : `exit code ${end.exitCode}`);
  const cause = new Error(`${end.program}: ${how}\n${end.stderrTail}`.trimEnd(), { cause: end.startError });
  return new AppError(code, message, { ...options, cause });
}

function says(words: RegExp): (end: FailedEnd) => boolean {
  return (end) => words.test(end.stderrTail);
}
