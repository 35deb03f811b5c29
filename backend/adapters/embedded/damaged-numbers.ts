import { highestInteger as highest } from '../stored-rows/storable-integers.ts';
import type { SqliteDatabase } from './sqlite-database.ts';

/** Nothing is counted further than that. After 2^63 - 1, SQLite cannot count on. */
function isWrong(column: string): string {
  return `${column} NOT BETWEEN 0 AND ${highest}`;
}

const findWrong = `
  SELECT 1 FROM changes WHERE ${isWrong('latest')} OR ${isWrong('forgotten')}
  UNION ALL SELECT 1 FROM starts WHERE ${['ordinal', 'conversions', 'notifications'].map(isWrong).join(' OR ')}
  UNION ALL SELECT 1 FROM notifications WHERE sequence > ${highest}
  UNION ALL SELECT 1 FROM sqlite_sequence WHERE ${isWrong('seq')}`;

/** Sets what counts changes back to the highest number in use. */
function mendCounter(table: 'conversions' | 'notifications'): string {
  return `UPDATE changes
    SET (latest, forgotten) = (SELECT max(change, 0), max(change, 0) FROM (
      SELECT coalesce(max(change), 0) AS change FROM ${table} WHERE change <= ${highest}
    ))
    WHERE of = '${table}'`;
}

const mending: readonly string[] = [
  // The change positions that clients have no longer mean anything.
  'DELETE FROM starts',
  mendCounter('conversions'),
  mendCounter('notifications'),
  `UPDATE notifications
   SET sequence = ranked.place + (
     SELECT coalesce(max(sequence), 0) FROM notifications WHERE sequence BETWEEN 0 AND ${highest}
   )
   FROM (
     SELECT sequence AS wrong, row_number() OVER (ORDER BY sequence) AS place
     FROM notifications WHERE sequence > ${highest}
   ) AS ranked
   WHERE sequence = ranked.wrong`,
  // SQLite goes on from the highest number in the table.
  'DELETE FROM sqlite_sequence',
];

/**
 * Mends numbers in a database of conversions from which others are counted on, if they cannot have come from counting. Otherwise
 * nothing could be written any more. To be called before the start is noted.
 */
export function mendNumbers(database: SqliteDatabase): void {
  if (database.prepare(findWrong).get() === undefined) return;
  for (const sql of mending) database.prepare(sql).run();
}
