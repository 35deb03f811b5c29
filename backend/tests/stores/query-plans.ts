import type { SqliteDatabase } from '../../adapters/embedded/sqlite-database.ts';

/** For tests: a database that remembers its prepared statements and returns SQLite's query plans for them. */
export interface PlannedDatabase extends SqliteDatabase {
  /** A line for each step: https://www.sqlite.org/eqp.html */
  plans(): readonly { readonly sql: string; readonly steps: readonly string[] }[];
}

export function rememberPlans(database: SqliteDatabase): PlannedDatabase {
  const prepared = new Set<string>();
  return {
    prepare(sql) {
      prepared.add(sql);
      return database.prepare(sql);
    },
    plans: () =>
      [...prepared].map((sql) => {
        const parameters = (sql.match(/\?(?!\d)/g) ?? []).length || new Set(sql.match(/\?\d+/g)).size;
        const rows = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...Array<null>(parameters).fill(null));
        return { sql, steps: rows.map((row) => String(row['detail'])) };
      }),
    isTransaction: () => database.isTransaction(),
    [Symbol.dispose]: () => database[Symbol.dispose](),
  };
}
