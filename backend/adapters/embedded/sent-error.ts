import { AppError, type ErrorCode, type ErrorDetails, isAppError } from '../../../shared/errors.ts';

/** An error as it is posted to another thread. The structured clone of an AppError would be a plain Error. */
export type SentError =
  | {
      readonly type: 'app';
      readonly code: ErrorCode;
      readonly message: string;
      readonly details: ErrorDetails | undefined;
      readonly cause: unknown;
    }
  | { readonly type: 'other'; readonly error: unknown };

export function toSentError(error: unknown): SentError {
  if (!isAppError(error)) return { type: 'other', error };
  const { code, message, details, cause } = error;
  return { type: 'app', code, message, details, cause };
}

export function fromSentError(sent: SentError): unknown {
  if (sent.type === 'other') return sent.error;
  const { code, message, details, cause } = sent;
  return new AppError(code, message, { cause, ...(details === undefined ? {} : { details }) });
}
