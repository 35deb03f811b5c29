import { isAppError, systemErrorCode } from '../../../shared/errors.ts';

/** An error without personal data: no file names, paths or addresses. */
export interface ErrorTrace {
  /** Its class and code: `AppError disk_full`, `Error ENOSPC write`. */
  readonly kind: string;
  /** Its message, if that contains only harmless words. */
  readonly message?: string;
  /** Positions in our own code: `saveEntry main.js:120:7`. */
  readonly at: readonly string[];
  readonly cause?: ErrorTrace;
}

export interface RememberedError {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** What was being done, in a fixed text. */
  readonly doing?: string;
  readonly trace: ErrorTrace;
}

/** The latest errors, for the report. */
export interface ErrorMemory {
  /** @param doing a fixed text that contains no names */
  remember(error: unknown, doing?: string): void;
  /** Oldest first. */
  errors(): readonly RememberedError[];
}

const keptErrors = 50;

export function createErrorMemory(now: () => number = Date.now): ErrorMemory {
  let errors: readonly RememberedError[] = [];
  return {
    remember(error, doing) {
      const one = { at: now(), trace: traceOf(error), ...(doing === undefined ? {} : { doing }) };
      errors = [...errors, one].slice(-keptErrors);
    },
    errors: () => errors,
  };
}

const deepestCause = 5;
const shownFrames = 5;

/** The parts of an error that contain no personal data. */
export function traceOf(error: unknown, depth = 0): ErrorTrace {
  if (!(error instanceof Error)) return { kind: typeof error, at: [] };
  const code = isAppError(error) ? error.code : codeWord(systemErrorCode(error));
  const call = 'syscall' in error ? codeWord(error.syscall) : undefined;
  const message = harmless(error.message);
  return {
    kind: [codeWord(error.name) ?? 'Error', code, call].filter((word) => word !== undefined).join(' '),
    ...(message === undefined ? {} : { message }),
    at: framesOf(error),
    ...(error.cause === undefined || depth === deepestCause ? {} : { cause: traceOf(error.cause, depth + 1) }),
  };
}

/** Codes and names of system calls are harmless, but Node also gives `spawn /home/…` as the name of a call. */
function codeWord(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  return /^[A-Za-z][A-Za-z0-9_]{0,40}/.exec(value)?.[0];
}

/**
 * The words that a message may consist of. A message with any other word is left out completely, because a file name can look like
 * anything.
 */
const harmlessWords = new Set(
  `a an and are as at be bad before busy by call can cannot closed code connect connection could database denied device did disk done
  end ended error exist exists expired failed failure few file file's find first folder for found from full given gone has have hang
  in input invalid io is it its key left limit locked lost low malformed many memory message missing more name network no not nothing
  null number object of off on only open operation or out output permission permitted process port property properties read reading
  refused reset response running server set settings socket space started status still stopped such than that the there this time timed
  timeout to token too type undefined unexpected unknown unreachable up valid value was were while with without write writing wrong
  json sqlite http ssl tls dns ffmpeg certificate handshake hostname kept constraint unique misuse readonly`
    .split(/\s+/)
    .filter((word) => word !== ''),
);

function harmless(message: string): string | undefined {
  const words = message.toLowerCase().split(/[\s,;:()!.]+/);
  return words.every((word) => word === '' || harmlessWords.has(word)) && message.trim() !== ''
    ? message.trim()
    : undefined;
}

/** Only the lines in our bundles or in Node. The message, which comes first in a stack, is cut off. */
function framesOf(error: Error): readonly string[] {
  const head = `${error.name}: ${error.message}`;
  const stack = error.stack ?? '';
  const before = stack.lastIndexOf(error.message);
  // The message was changed later, so the beginning of the stack is unknown.
  if (before < 0) return [];
  return stack
    .slice(stack.startsWith(head) ? head.length : before + error.message.length)
    .split('\n')
    .flatMap((line) => {
      const [, name = '', position = ''] =
        /^ {4}at (?:async )?(?:([\w$.<>]+) (?:\[as \w+\] )?\()?(?:file:\/\/)?[^()]*?(?<=[/\\(:\s])([a-z.-]+\.(?:js|ts):\d+:\d+)\)?$/.exec(
          line,
        ) ?? [];
      return position === '' ? [] : [`${name} ${position}`.trim()];
    })
    .slice(0, shownFrames);
}
