import type { Problem } from '../../shared/api.ts';
import { AppError, type ErrorCode, isAppError } from '../../shared/errors.ts';
import { failure, failureSentence } from '../../shared/words/failure-sentence.ts';

/** The only place that maps errors to statuses. */
const statusOfCode: Readonly<Record<ErrorCode, number>> = {
  not_media: 422,
  no_audio: 422,
  damaged: 422,
  too_long: 422,
  timed_out: 422,
  converter_failed: 500,
  bad_request: 400,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  request_timeout: 408,
  wrong_state: 409,
  taken: 409,
  // Its owner cancelled it while the video was still being sent.
  cancelled: 409,
  gone: 410,
  wrong_version: 412,
  too_large: 413,
  unsupported: 415,
  range_not_satisfiable: 416,
  invalid: 422,
  locked: 423,
  headers_too_large: 431,
  // Not from HTTP but from tus 1.0.0, checksum extension.
  checksum_mismatch: 460,
  too_many: 429,
  internal: 500,
  unavailable: 503,
  disk_full: 507,
  // These are about files on a person's own computer. A server that answers with one has a bug.
  source_missing: 500,
  source_unreadable: 500,
  target_unwritable: 500,
  data_in_use: 500,
  data_unusable: 500,
  unknown: 500,
};

const titles: Readonly<Record<number, string>> = {
  400: 'Bad request',
  401: 'Not signed in',
  403: 'Not allowed',
  404: 'Not found',
  405: 'Method not allowed',
  408: 'Took too long',
  409: 'Conflict',
  410: 'Gone',
  412: 'Wrong version',
  413: 'Too large',
  415: 'Wrong type',
  416: 'No such range',
  422: 'Invalid',
  423: 'Locked',
  429: 'Too many requests',
  431: 'Headers too large',
  460: 'Checksum Mismatch',
  500: 'Internal error',
  503: 'Unavailable',
  507: 'Disk full',
};

/** The HTTP status that a code is answered with. */
export function statusOf(code: ErrorCode): number {
  return statusOfCode[code];
}

/** The title of a problem with that status. */
export function problemTitle(status: number): string {
  return titles[status] ?? 'Error';
}

/** How long a client is asked to wait when the error does not say. */
const defaultRetryAfterSeconds = 5;

/** What the answer says about `error`: an AppError's message, or only that something went wrong. */
export function toProblem(error: unknown): Problem {
  const known = toAppError(error);
  const status = statusOf(known.code);
  if (status === 500) {
    return {
      type: 'about:blank',
      title: problemTitle(status),
      status,
      code: 'internal',
      detail: failureSentence({ code: 'internal' }),
    };
  }
  return {
    type: 'about:blank',
    title: problemTitle(status),
    status,
    code: known.code,
    detail: known.message,
    ...(known.details === undefined ? {} : { details: known.details }),
  };
}

/** The headers of a problem, with `Retry-After` (from `details.retryAfterSeconds`) if waiting helps. */
export function problemHeaders(problem: Problem): Readonly<Record<string, string>> {
  const waits = problem.status === 429 || problem.status === 503;
  const seconds = Math.max(1, Math.ceil(problem.details?.['retryAfterSeconds'] ?? defaultRetryAfterSeconds));
  return { 'Content-Type': 'application/problem+json', ...(waits ? { 'Retry-After': String(seconds) } : {}) };
}

/** The error for a request that cannot be parsed. */
export function badRequest(cause: unknown): AppError {
  return new AppError('bad_request', 'The request cannot be understood.', { cause });
}

/** The error for a request that another server must answer, or this one after it was started again. */
export function shuttingDown(): AppError {
  return new AppError('unavailable', 'The server is shutting down.', { details: { retryAfterSeconds: 1 } });
}

export function noSuchAddress(): AppError {
  return new AppError('not_found', 'There is nothing at this address.');
}

/** Express and its parsers throw errors with a `status`. Below 500 the request is at fault. */
function toAppError(error: unknown): AppError {
  if (isAppError(error)) return error;
  const status = error instanceof Error && 'status' in error ? error.status : undefined;
  const blamed = typeof status === 'number' && status >= 400 && status < 500;
  return blamed ? badRequest(error) : failure('internal', { cause: error });
}
