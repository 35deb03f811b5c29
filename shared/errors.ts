/**
 * The codes of all errors. Programs compare the codes, so they never change. The sentences are for people and may be
 * reworded.
 */
export const errorCodes = [
  // Reasons why a conversion failed (`conversion.error.code`). So is `source_missing`.
  'not_media',
  'no_audio',
  'damaged',
  'too_long',
  'timed_out',
  'converter_failed',
  // Reasons why a request was refused (`code` in an application/problem+json answer).
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
  // Errors on the computer of the person who converts.
  'source_missing',
  'source_unreadable',
  'target_unwritable',
  'data_in_use',
  'data_unusable',
  'cancelled',
  // Another process sent a code that this version does not know. The message explains it.
  'unknown',
] as const;

export type ErrorCode = (typeof errorCodes)[number];

/** The codes that the `error` of a conversion may have. */
export const conversionErrorCodes = [
  'not_media',
  'source_missing',
  'no_audio',
  'damaged',
  'too_long',
  'timed_out',
  'converter_failed',
  // Only where nobody is there to free space. Elsewhere, a conversion waits for it.
  'disk_full',
] as const satisfies readonly ErrorCode[];

export type ConversionErrorCode = (typeof conversionErrorCodes)[number];

/** Numbers that the message mentions, e.g. `limitSeconds`, `atSeconds`, `neededBytes`. */
export type ErrorDetails = Readonly<Record<string, number>>;

/**
 * The only error type that modules throw to each other. `message` is a sentence that may be shown to a person, without
 * paths and without texts of other software. `cause` has the original error and goes only to the log.
 */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: ErrorCode;
  readonly details: ErrorDetails | undefined;
  /** The code that was sent, if `code` is `unknown`. */
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

/** Makes an error from one that another process sent. An unknown code becomes `unknown` and keeps its message. */
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

/** True if `error` is an {@link AppError} and, if `codes` are given, has one of them. */
export function isAppError(error: unknown, ...codes: readonly ErrorCode[]): error is AppError {
  return error instanceof AppError && (codes.length === 0 || codes.includes(error.code));
}

/** The operating system's error code (`ENOENT`), or undefined if `error` has none. */
export function systemErrorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** For the end of a switch over a union: a missing case becomes a type error. */
export function assertNever(value: never): never {
  throw new Error(`unexpected value: ${JSON.stringify(value)}`);
}
