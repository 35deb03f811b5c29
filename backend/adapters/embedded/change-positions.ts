import type { SqliteDatabase } from './sqlite-database.ts';

/** How many starts are remembered. A client with a position from an earlier one must list everything. */
const startsKept = 1000;

/** The current change number of a table of `openConversionsDatabase`, and the number at which a client last read it. */
export interface ChangePosition {
  /** The latest number, as a change position for clients. */
  readonly position: string;
  /** Everything after this number is new to the client. Undefined if that cannot be determined. */
  readonly after: number | undefined;
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
  const current = database.prepare('SELECT name FROM starts WHERE ordinal = (SELECT max(ordinal) FROM starts)').get();
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
    return { position: `${String(current?.['name'])}.${latest}`, after: isKnown ? number : undefined };
  };
}
