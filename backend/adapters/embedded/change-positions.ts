import type { ChangesAfterQuery, ChangesInOrder } from '../../ports/changes.ts';
import type { SqliteDatabase, SqliteStatement } from './sqlite-database.ts';
import type { SqliteRow } from './sqlite-integers.ts';

/** How many starts are remembered. A client with a position from an earlier one must list everything. */
const startsKept = 1000;

/** The current change number of a table of `openConversionsDatabase`, and the number at which a client last read it. */
export interface ChangePosition {
  /** The latest number, as a change position for clients. */
  readonly position: string;
  /** Everything after this number is new to the client. Undefined if that cannot be determined. */
  readonly after: number | undefined;
  /** An earlier number as a change position. Undefined if it was given out before the current start. */
  positionAt(number: number): string | undefined;
}

/** Records a new start. From now on, numbers are given out together with its name. */
export function noteStart(database: SqliteDatabase): void {
  const latest = (table: string): string => `(SELECT latest FROM changes WHERE of = '${table}')`;
  database
    .prepare(
      `INSERT INTO starts (name, conversions, notifications)
       VALUES (lower(hex(randomblob(8))), ${latest('conversions')}, ${latest('notifications')})`,
    )
    .run();
  database.prepare('DELETE FROM starts WHERE ordinal <= (SELECT max(ordinal) FROM starts) - ?').run(startsKept);
}

/**
 * Returns the current position of `table`, and the number that the position `since` stands for. A row and its number are written
 * in one transaction, so no number is given out before its row exists. Call this before the rows are read: a change in between is
 * then delivered twice instead of missed.
 */
export function createChangePositions(
  database: SqliteDatabase,
  table: 'conversions' | 'notifications',
): (since: string | undefined) => ChangePosition {
  const current = database
    .prepare(`SELECT name, ${table} AS began FROM starts WHERE ordinal = (SELECT max(ordinal) FROM starts)`)
    .get();
  const named = (number: number): string => `${String(current?.['name'])}.${number}`;
  const numbers = database.prepare('SELECT latest, forgotten FROM changes WHERE of = ?');
  /** The number at which a start began. The next row has the number at which it ended, unless it is the current start. */
  const bounds = database.prepare(
    `SELECT ${table} AS bound FROM starts WHERE ordinal >= (SELECT ordinal FROM starts WHERE name = ?) ORDER BY ordinal LIMIT 2`,
  );

  return (since) => {
    const row = numbers.get(table);
    const latest = Number(row?.['latest']);
    const [, start = '', digits] = /^([0-9a-f]{16})\.(0|[1-9][0-9]{0,15})$/.exec(since ?? '') ?? [];
    const number = Number(digits);
    const [began, ended] = start === '' ? [] : bounds.all(start);
    const isOfStart =
      began !== undefined && number >= Number(began['bound']) && number <= Number(ended?.['bound'] ?? latest);
    const isKnown = isOfStart && number >= Number(row?.['forgotten']);
    return {
      position: named(latest),
      after: isKnown ? number : undefined,
      positionAt: (earlier) => (earlier < Number(current?.['began']) ? undefined : named(earlier)),
    };
  };
}

/**
 * Reads rows of a table in the order of their last writes. `changed` selects them by owner and number, in the order of their
 * numbers, and gives each row's number as `change`.
 */
export function readInOrder<Item>(
  changed: SqliteStatement,
  { position, after, positionAt }: ChangePosition,
  { owner, limit }: ChangesAfterQuery,
  toItems: (rows: readonly SqliteRow[]) => readonly Item[],
): ChangesInOrder<Item> | undefined {
  if (after === undefined) return undefined;
  // One more row than requested shows whether there are more.
  const rows = changed.all(owner, after, limit + 1);
  const shown = rows.slice(0, limit);
  const complete = rows.length <= limit;
  const reached = complete ? position : positionAt(Number(shown.at(-1)?.['change']));
  return reached === undefined ? undefined : { items: toItems(shown), position: reached, complete };
}
