import type { SqliteDatabase } from './sqlite-database.ts';

/** How many starts are remembered. A client with a position from before them has to list everything. */
const startsKept = 1000;

/** Where a table of `openConversionsDatabase` stands, and where the client stood that asks what has changed. */
export interface ChangePosition {
  /** The latest number, as a position that may be given out. */
  readonly position: string;
  /** The number after which everything is new to the client; undefined if that cannot be told. */
  readonly after: number | undefined;
}

/** Begins a new start: from now on, numbers are given out in its name. */
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
 * Says where `table` stands, and which number the position `since` stands for. A row and its number are written in one
 * transaction, so no number is given out before its row is there. Call this before the rows are read: what is written in between
 * is then told twice, not missed.
 */
export function createChangePositions(
  database: SqliteDatabase,
  table: 'conversions' | 'notifications',
): (since: string | undefined) => ChangePosition {
  const current = database.prepare('SELECT name FROM starts WHERE ordinal = (SELECT max(ordinal) FROM starts)').get();
  const numbers = database.prepare('SELECT latest, forgotten FROM changes WHERE of = ?');
  /** Where the numbers of a start began; and in the next row, where they ended, unless it is the current one. */
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
