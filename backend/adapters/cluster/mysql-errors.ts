import { AppError } from '../../../shared/errors.ts';

/** Numbers of errors: https://mariadb.com/docs/server/reference/error-codes. MySQL has the same ones. */
const numbers = {
  duplicateEntry: 1062,
  noSuchTable: 1146,
  deadlock: 1213,
  databaseDenied: 1044,
  accessDenied: 1045,
  unknownDatabase: 1049,
  tableDenied: 1142,
  columnDenied: 1143,
} as const;

const refusals: readonly number[] = [
  numbers.databaseDenied,
  numbers.accessDenied,
  numbers.unknownDatabase,
  numbers.tableDenied,
  numbers.columnDenied,
];

/** Classes of SQLSTATE for statements and values that are wrong, which are bugs of ours: cardinality, data, constraint, syntax. */
const ownMistakes: readonly string[] = ['21', '22', '23', '42'];

interface ServerError extends Error {
  readonly errno: number;
  readonly sqlState: string;
}

/** True for what the server answered. After any other error, nobody knows whether it carries out the statement. */
export function isServerError(error: unknown): error is ServerError {
  return (
    error instanceof Error &&
    'errno' in error &&
    typeof error.errno === 'number' &&
    'sqlState' in error &&
    typeof error.sqlState === 'string'
  );
}

/** True if the server has given up the statement, and taken back what it did, so that another one could go on. */
export function isDeadlock(error: unknown): boolean {
  return isServerError(error) && error.errno === numbers.deadlock;
}

export function isMissingTable(error: unknown): boolean {
  return isServerError(error) && error.errno === numbers.noSuchTable;
}

/** Translates an expected error of the driver into an AppError, `taken` or `unavailable`. Returns any other value unchanged. */
export function translateMysqlError(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof AppError) return error;
  if (!isServerError(error)) {
    // The driver's own errors of connections have no common type, but it complains of wrong arguments with these.
    return error instanceof TypeError || error instanceof RangeError ? error : unreachable(error);
  }
  if (error.errno === numbers.duplicateEntry) {
    return new AppError('taken', 'This key already exists.', { cause: error });
  }
  if (refusals.includes(error.errno)) {
    return new AppError('unavailable', 'The database refuses the account that MYSQL_URL names.', { cause: error });
  }
  return ownMistakes.includes(error.sqlState.slice(0, 2)) ? error : unreachable(error);
}

function unreachable(cause: unknown): AppError {
  return new AppError('unavailable', 'The database cannot be reached.', { cause });
}
