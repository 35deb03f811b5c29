import { AppError, isAppError } from '../../../shared/errors.ts';
import { failureSentence } from '../../../shared/words/failure-sentence.ts';
import { sayShared } from '../../../shared/words/say.ts';
import { isScarcity } from '../scarcity.ts';
import type { ProcessLimits } from './containment.ts';

/** Whether a line reports a failed write. ffmpeg 5.1 exits with 0 even if writing the last 32 KB of a file fails. */
export function tellsOfFailedWrite(line: string): boolean {
  return /\[error\] (?:Error writing trailer|Error closing file|Error muxing|av_interleaved_write_frame)/.test(line);
}

/** How a failed program ended. */
export interface FailedEnd {
  readonly program: 'ffmpeg' | 'ffprobe';
  /** Undefined if a signal ended it, or if it could not be started. */
  readonly exitCode: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
  /** The error that kept it from starting. */
  readonly startError?: unknown;
  /** The last lines of its standard error. */
  readonly stderrTail: string;
  readonly elapsedSeconds: number;
  readonly limits: ProcessLimits;
}

/** Finds the source's name in the work folder, as the programs repeat it in their error messages. */
const source = /(?:^|[\s:\]])source: /m;

/**
 * How the programs of launch-ffmpeg.sh, the dynamic linker and ffmpeg report that the system has no room for a process or has too many files open. ffmpeg's
 * own memory and files are limited apart from that.
 */
const scarce =
  /^(?:\S*\/)?(?:launch-ffmpeg\.sh|sh|env|setpriv|unshare|ffmpeg|ffprobe): .*(?:Cannot fork|Resource temporarily unavailable|Cannot allocate memory|Too many open files|shared object file: Error 2[34])|pthread_create failed: Resource temporarily unavailable|source: Too many open files in system/m;

/** Whether the system was only short of something, so that the same program may run later. */
export function isShortage({ startError, stderrTail }: Pick<FailedEnd, 'startError' | 'stderrTail'>): boolean {
  return isScarcity(startError) || scarce.test(stderrTail);
}

const busyThreads = 4;

interface Reading {
  readonly applies: (end: FailedEnd) => boolean;
  readonly error: (end: FailedEnd) => ConstructorParameters<typeof AppError>;
}

/**
 * The texts are those of the C library (`strerror`) and of ffmpeg, the same from 5.1 to 7.1. The first rule that
 * applies is used.
 */
const readings: readonly Reading[] = [
  {
    applies: isShortage,
    error: () => ['unavailable', sayShared('failScarce')],
  },
  {
    applies: (end) => end.startError !== undefined,
    error: () => ['converter_failed', sayShared('failNotStarted')],
  },
  {
    applies: says(/No space left on device|Disk quota exceeded/),
    error: () => ['disk_full', failureSentence({ code: 'disk_full' })],
  },
  {
    // The kernel sends a signal at the limit. The first process of a namespace does not get it; its write fails
    // instead.
    applies: (end) => end.signal === 'SIGXFSZ' || says(/File too large/)(end),
    error: ({ limits }) => [
      'converter_failed',
      sayShared('failMp3TooLarge'),
      { details: { limitBytes: limits.fileBytes } },
    ],
  },
  {
    // At SIGXCPU ffmpeg ends cleanly with 255, as after any signal, and logs the reason only below the level of
    // warnings. A program that ignores the signal is killed soon after. The elapsed time tells the cause, since few of
    // ffmpeg's threads are ever busy at the same time.
    applies: ({ exitCode, signal, elapsedSeconds, limits }) =>
      signal === 'SIGXCPU' ||
      ((exitCode === 255 || signal === 'SIGKILL') && elapsedSeconds * busyThreads >= limits.cpuSeconds),
    error: ({ limits }) => [
      'timed_out',
      failureSentence({ code: 'timed_out' }),
      { details: { limitSeconds: limits.cpuSeconds } },
    ],
  },
  {
    applies: says(/Cannot allocate memory|std::bad_alloc|failed to map segment/),
    error: ({ limits }) => [
      'converter_failed',
      sayShared('failMemory'),
      { details: { limitBytes: limits.memoryBytes } },
    ],
  },
  {
    applies: (end) => source.test(end.stderrTail) && says(/source: No such file or directory/)(end),
    error: () => ['source_missing', failureSentence({ code: 'source_missing' })],
  },
  {
    applies: (end) =>
      source.test(end.stderrTail) &&
      says(/source: (?:Permission denied|Operation not permitted|Input\/output error|Stale file handle)/)(end),
    error: () => ['source_unreadable', failureSentence({ code: 'source_unreadable' })],
  },
  {
    applies: says(/Unknown encoder 'libmp3lame'/),
    error: () => ['converter_failed', sayShared('failNoMp3Encoder')],
  },
  {
    applies: says(/ not found for input stream|Decoding requested, but no decoder found/),
    error: () => ['damaged', sayShared('failAudioFormat')],
  },
];

/** The cause of a failure by a signal that no limit explains: the system or somebody killed the program, or it crashed. */
class ProgramDiedError extends Error {}

/** Whether a program died, so that the same conversion may work later. */
export function hasDied(error: unknown): boolean {
  return isAppError(error, 'converter_failed') && error.cause instanceof ProgramDiedError;
}

/** Translates a failed run of ffmpeg or ffprobe into an error. The last lines of its log are kept as the cause. */
export function translateFailure(given: FailedEnd): AppError {
  const end = withKill(given);
  const how = end.signal ?? (end.exitCode === undefined ? 'not started' : `exit code ${end.exitCode}`);
  const said = `${end.program}: ${how}\n${end.stderrTail}`.trimEnd();
  const reading = readings.find(({ applies }) => applies(end));
  if (reading !== undefined) {
    const [code, message, options] = reading.error(end);
    return new AppError(code, message, { ...options, cause: new Error(said, { cause: end.startError }) });
  }
  const sentence = sayShared(end.signal === 'SIGKILL' ? 'failKilled' : 'failStoppedEarly');
  // ffmpeg ends with 255 after a signal that it handles.
  const died = end.signal !== undefined || (end.program === 'ffmpeg' && end.exitCode === 255);
  const cause = died ? new ProgramDiedError(said) : new Error(said);
  return new AppError('converter_failed', sentence, { cause });
}

/**
 * unshare(1) ends itself by the signal that ended ffmpeg. Up to util-linux 2.38 it fails at that with SIGKILL, says this and ends with 1.
 */
function withKill(end: FailedEnd): FailedEnd {
  const isKilled = /^unshare: sigprocmask unblock failed/m.test(end.stderrTail);
  return isKilled ? { ...end, exitCode: undefined, signal: 'SIGKILL' } : end;
}

function says(words: RegExp): (end: FailedEnd) => boolean {
  return (end) => words.test(end.stderrTail);
}
