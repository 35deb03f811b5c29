import type { SQLOutputValue, StatementSync } from 'node:sqlite';

/** An integer is a number, or a bigint if a number cannot hold it. Only damage or a stranger's write stores such a one. */
export type SqliteRow = Readonly<Record<string, SQLOutputValue>>;

/** Reads again with bigints if a number cannot hold an integer. To read all of them as bigints would make every read slower. */
export function readRows<Row extends SqliteRow | undefined>(
  statement: StatementSync,
  read: () => readonly Row[],
): readonly (Row | SqliteRow)[] {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof RangeError) || !('code' in error) || error.code !== 'ERR_OUT_OF_RANGE') throw error;
    statement.setReadBigInts(true);
    try {
      return read().map((row) => (row === undefined ? row : toNumbers(row)));
    } finally {
      statement.setReadBigInts(false);
    }
  }
}

/** Only integers that a number cannot hold stay bigints. */
function toNumbers(row: SqliteRow): SqliteRow {
  const values = Object.entries(row).map(([column, value]) => {
    const isNumber = typeof value === 'bigint' && Number.isSafeInteger(Number(value));
    return [column, isNumber ? Number(value) : value] as const;
  });
  return Object.fromEntries(values);
}
