import {
  MongoBulkWriteError,
  MongoClientClosedError,
  MongoExpiredSessionError,
  MongoNetworkError,
  MongoNotConnectedError,
  MongoServerError,
  MongoServerSelectionError,
  MongoTopologyClosedError,
  MongoWriteConcernError,
} from 'mongodb';
import { AppError, isAppError } from '../../../shared/errors.ts';
import { diskFull, isSystemError } from '../system-error.ts';

/** How long one command may take. Nothing that the stores send takes nearly as long on a server that works. */
export const commandSeconds = 8;

/** The server cannot be reached, or has not stored what it was sent on as many machines as it must. */
const unreachableErrors = [
  MongoNetworkError,
  MongoServerSelectionError,
  MongoNotConnectedError,
  MongoTopologyClosedError,
  MongoClientClosedError,
  MongoExpiredSessionError,
  MongoWriteConcernError,
];
const duplicateKey = 11_000;
/** OutOfDiskSpace and QuotaExceeded. */
const fullCodes: readonly unknown[] = [14_031, 12_501];
/**
 * The server has failed by itself (a full disk can be the reason), is shutting down, is not the primary any more, gave up the command, or
 * does not accept the account.
 * https://www.mongodb.com/docs/manual/reference/error-codes/
 */
const unavailableCodes: readonly unknown[] = [
  ...[1, 6, 7, 8, 13, 18, 43, 50, 64, 89, 91, 100, 112, 133, 134, 175, 189, 237, 262, 317, 358],
  ...[9001, 10_058, 10_107, 11_600, 11_601, 11_602, 13_435, 13_436],
];

/**
 * Waits for one command. Throws `taken` for a key that exists, `disk_full`, and `unavailable` if the server cannot be reached or does not
 * answer in time. A write may have been carried out all the same: its answer may be what was lost. All that the stores write is such that the
 * caller can try again: a row has a new revision then, and an insertion finds its id taken.
 */
export async function answered<Answer>(command: Promise<Answer>): Promise<Answer> {
  const late = Promise.withResolvers<never>();
  // The driver's own limits count for one try, and it may try twice.
  const timer = setTimeout(() => {
    late.reject(unavailable(new Error(`no answer within ${commandSeconds} s`)));
  }, commandSeconds * 1000);
  try {
    return await Promise.race([command, late.promise]);
  } catch (error) {
    throw translateMongoError(error);
  } finally {
    clearTimeout(timer);
  }
}

/** Translates an expected error of the driver into an AppError. Returns any other value unchanged. */
function translateMongoError(error: unknown): unknown {
  // What ended a bulk write on its way to the server.
  const inner: unknown = error instanceof MongoBulkWriteError ? error.errorResponse : undefined;
  if (unreachableErrors.some((known) => error instanceof known || inner instanceof known)) return unavailable(error);
  // The driver passes on as it is what happens while it writes to a connection that was just closed.
  if (isSystemError(error) || isSystemError(inner)) return unavailable(error);
  if (!(error instanceof MongoServerError)) return error;
  if (error.code === duplicateKey) return new AppError('taken', 'This key already exists.', { cause: error });
  if (fullCodes.includes(error.code)) return diskFull(error);
  const isAway = unavailableCodes.includes(error.code) || error.hasErrorLabel('RetryableWriteError');
  return isAway ? unavailable(error) : error;
}

function unavailable(cause: unknown): AppError {
  return new AppError('unavailable', 'The database cannot be reached.', { cause });
}

/** Whether a unique index that begins with these fields refused a write. */
export function isTakenIn(error: unknown, ...fields: readonly string[]): boolean {
  if (!isAppError(error, 'taken') || !(error.cause instanceof MongoServerError)) return false;
  const pattern: unknown = error.cause['keyPattern'];
  return typeof pattern === 'object' && pattern !== null && fields.join() === Object.keys(pattern).join();
}
