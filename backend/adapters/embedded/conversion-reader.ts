import { isAppError } from '../../../shared/errors.ts';
import type { ScannedRow } from '../../ports/conversion-store.ts';
import type { SqliteDatabase } from './sqlite-database.ts';
import type { SqliteRow } from './sqlite-integers.ts';

/** The state of a row that cannot be read is this, a space, and its state before that. So no query for a state finds it. */
const unreadable = 'unreadable';
/** Condition on the rows that were set aside. The exclamation mark is the character after the space. */
export const isSetAside = `state >= '${unreadable} ' AND state < '${unreadable}!'`;

/** The columns that a reader needs besides those that are to be read. Qualify them if the query has several tables. */
export const versionColumns = 'id, owner, state, attempt, revision, batch_id, ended_at, removed_at';

/** Reads rows of conversions. A row that cannot be read is reported and set aside. */
export interface ConversionReader<Row> {
  /** Undefined if it cannot be read. Throws if it could not be set aside. */
  one(row: SqliteRow): Row | undefined;
  /** Those that can be read. */
  all(rows: readonly SqliteRow[]): Row[];
}

/** `read` throws for a row that cannot be read. Each row has the {@link versionColumns}. */
export function createConversionReader<Row extends Pick<ScannedRow, CheckedField>>(
  database: SqliteDatabase,
  read: (row: SqliteRow) => Row,
): ConversionReader<Row> {
  const setAside = createSetAside(database);

  function one(row: SqliteRow): Row | undefined {
    if (wasSetAside(row)) return undefined;
    try {
      refuseBigIntegers(row);
      return checked(read(row), row);
    } catch (cause) {
      setAside(String(row['id']), cause);
      return undefined;
    }
  }

  return {
    one,
    all(rows) {
      return rows.flatMap((row) => {
        try {
          return one(row) ?? [];
        } catch (error) {
          // It is set aside when it is next read, for example once the disk has space.
          if (!isAppError(error)) throw error;
          return [];
        }
      });
    },
  };
}

export function wasSetAside(row: SqliteRow): boolean {
  return String(row['state']).startsWith(`${unreadable} `);
}

/**
 * Reports a row that cannot be read, and changes its state so that no query for a state finds it: the queue goes on with the next
 * row, and its batch can end without it. Everything else of the row stays.
 */
export function createSetAside(database: SqliteDatabase): (id: string, cause: unknown) => void {
  const setAside = database.prepare(
    `UPDATE conversions SET state = '${unreadable} ' || state, turn = NULL WHERE id = ? AND NOT (${isSetAside})`,
  );
  return (id, cause) => {
    database.skipped({ kind: 'conversion', id, what: 'could not read the row of a conversion', cause });
    setAside.run(id);
  };
}

/** Gives all rows that were set aside their states back, so that they are read again: somebody may have mended them. */
export function takeBackUnreadable(database: SqliteDatabase): void {
  database.prepare(`UPDATE conversions SET state = substr(state, ${unreadable.length + 2}) WHERE ${isSetAside}`).run();
}

/** Also refuses those in columns that no field is made of. */
function refuseBigIntegers(row: SqliteRow): void {
  if (Object.values(row).some((value) => typeof value === 'bigint')) throw new Error('it has too large an integer');
}

const checkedColumns = {
  id: 'id',
  owner: 'owner',
  state: 'state',
  attempt: 'attempt',
  revision: 'revision',
  batchId: 'batch_id',
  endedAt: 'ended_at',
  removedAt: 'removed_at',
} as const;
type CheckedField = keyof typeof checkedColumns;

/** The columns decide which queries and writes find a row. If its body said something else, it would be looked at in vain for ever. */
function checked<Row extends Pick<ScannedRow, CheckedField>>(row: Row, columns: SqliteRow): Row {
  const fields = Object.keys(checkedColumns) as CheckedField[];
  const wrong = fields.find((field) => (row[field] ?? null) !== columns[checkedColumns[field]]);
  if (wrong !== undefined) throw new Error(`its ${wrong} is not that of its column`);
  return row;
}
