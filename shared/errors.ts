/**
 * Every way in which Soundlift refuses or fails. A code is what programs compare and what the outside relies upon; the
 * sentence is for a person and may be reworded.
 */
export const errorCodes = [
  // Why a conversion failed (`conversion.error.code`).
  'not_media',
  'no_audio',
  'damaged',
  'too_long',
  'timed_out',
  'converter_failed',
  // Why a request was refused (`code` of an application/problem+json answer).
  'bad_request',
  'unauthorized',
  'forbidden',
  'not_found',
  'method_not_allowed',
  'request_timeout',
  'wrong_state',
  'taken',
  'gone',
  'wrong_version',
  'too_large',
  'unsupported',
  'range_not_satisfiable',
  'invalid',
  'locked',
  'headers_too_large',
  'checksum_mismatch',
  'too_many',
  'internal',
  'unavailable',
  'disk_full',
  // What can go wrong on the computer of the person who converts.
  'source_missing',
  'source_unreadable',
  'target_unwritable',
  'data_in_use',
  'cancelled',
  // Another process gave a code that this version does not know: the message says what it is.
  'unknown',
] as const;

export type ErrorCode = (typeof errorCodes)[number];

/** The codes that a conversion's own `error` may carry. */
export const conversionErrorCodes = [
  'not_media',
  'no_audio',
  'damaged',
  'too_long',
  'timed_out',
  'converter_failed',
] as const satisfies readonly ErrorCode[];

export type ConversionErrorCode = (typeof conversionErrorCodes)[number];

/** Numbers that the sentence speaks of, e.g. `limitSeconds`, `atSeconds`, `neededBytes`. */
export type ErrorDetails = Readonly<Record<string, number>>;

/**
 * The one error that crosses a module's edge. `message` is a sentence that may be shown to a person: no path, no driver's
 * words. What really happened is kept in `cause` and goes to the log alone.
 */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: ErrorCode;
  readonly details: ErrorDetails | undefined;
  /** Where the code is `unknown`: the one that was given. */
  readonly givenCode: string | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options: { cause?: unknown; details?: ErrorDetails; givenCode?: string } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details;
    this.givenCode = options.givenCode;
  }
}

/** An error as another process told it. A code that this version does not know becomes `unknown` and keeps its message. */
export function toKnownError(told: {
  readonly code: string;
  readonly message: string;
  readonly details?: ErrorDetails | undefined;
}): AppError {
  const details = told.details === undefined ? {} : { details: told.details };
  const known = errorCodes.find((code) => code === told.code);
  if (known !== undefined) return new AppError(known, told.message, details);
  return new AppError('unknown', told.message, { ...details, givenCode: told.code });
}

/** True when `error` is an {@link AppError}, of one of `codes` where any are given. */
export function isAppError(error: unknown, ...codes: readonly ErrorCode[]): error is AppError {
  return error instanceof AppError && (codes.length === 0 || codes.includes(error.code));
}

/** The operating system's code of a failed call (`ENOENT`), where it is one. */
export function systemErrorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** For the end of a switch over a union: a case that was forgotten is a type error here. */
export function assertNever(value: never): never {
  throw new Error(`unexpected value: ${JSON.stringify(value)}`);
}
