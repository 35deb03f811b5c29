import type { SqliteDatabase } from './sqlite-database.ts';

/** Where a table of `openConversionsDatabase` stands, and where somebody stood who asks what has changed. */
export interface ChangePlace {
  /** The latest number, as a position that may be given out. */
  readonly position: string;
  /** The number after which everything is new to whoever asks; undefined where that cannot be told. */
  readonly after: number | undefined;
}

/**
 * Says where `table` stands, and which number the position `since` stands for. To be asked before the rows are read: what is
 * written in between is then told twice, not missed.
 */
export function createChangePlaces(
  database: SqliteDatabase,
  table: 'conversions' | 'notifications',
): (since: string | undefined) => ChangePlace {
  const numbers = database.prepare('SELECT database_id, latest, forgotten FROM changes WHERE of = ?');
  return (since) => {
    const row = numbers.get(table);
    const databaseId = String(row?.['database_id']);
    const latest = Number(row?.['latest']);
    const match = /^([0-9a-f]+)\.(0|[1-9][0-9]{0,15})$/.exec(since ?? '');
    const number = match?.[1] === databaseId ? Number(match[2]) : Number.NaN;
    // A number that is still to come is of a time from which the database was put back.
    const isKnown = number >= Number(row?.['forgotten']) && number <= latest;
    return { position: `${databaseId}.${latest}`, after: isKnown ? number : undefined };
  };
}
