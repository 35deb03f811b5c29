import type { LeaseStore } from '../../ports/lease-store.ts';
import type { SqliteDatabase } from './sqlite-database.ts';

/** Leases in a database that `openConversionsDatabase` opened. */
export function createSqliteLeaseStore(database: SqliteDatabase): LeaseStore {
  const read = database.prepare('SELECT counter, held FROM leases WHERE name = ?');
  const insert = database.prepare(`
    INSERT INTO leases (name, counter, held) VALUES (?, 1, ?)
    ON CONFLICT DO UPDATE SET counter = excluded.counter, held = excluded.held
    WHERE counter NOT BETWEEN 1 AND ${Number.MAX_SAFE_INTEGER}`);
  const raise = database.prepare('UPDATE leases SET counter = counter + 1, held = ? WHERE name = ? AND counter = ?');

  return {
    async read(name) {
      const row = read.get(name);
      const counter = Number(row?.['counter']);
      // One whose counter nobody can have raised to that is as if it were missing.
      const isCounter = Number.isSafeInteger(counter) && counter > 0;
      return isCounter ? { counter, held: row?.['held'] === 1 } : { counter: 0, held: false };
    },

    async raise(name, counter, held) {
      const written = counter === 0 ? insert.run(name, held ? 1 : 0) : raise.run(held ? 1 : 0, name, counter);
      return written === 1;
    },
  };
}
