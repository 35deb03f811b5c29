import type { SQLInputValue } from 'node:sqlite';
import type { MailOutboxStore } from '../../ports/mail-outbox-store.ts';
import type { SqliteDatabase } from './sqlite-database.ts';
import { fromRow, mailColumns, read, recordColumns, toMailColumns } from './sqlite-notification-store.ts';

/** How many are read at once. */
const listPortion = 20;

/** The outbox of the notifications in a database that `openConversionsDatabase` opened. */
export function createSqliteMailOutboxStore(database: SqliteDatabase): MailOutboxStore {
  const portion = database.prepare(`
    SELECT ${recordColumns}, sequence FROM notifications
    WHERE mail_due IS NOT NULL AND (mail_due, sequence) > (?, ?) ORDER BY mail_due, sequence LIMIT ?`);
  const replace = database.prepare(`
    UPDATE notifications SET mail = ?, ${mailColumns.map((column) => `${column} = ?`).join(', ')}
    WHERE id = ? AND mail_revision = ? AND mail_due IS NOT NULL`);

  return {
    async *list() {
      let place: readonly [string, SQLInputValue] = ['', 0];
      for (;;) {
        const rows = portion.all(...place, listPortion);
        yield* rows.flatMap((row) => read(database, row, fromRow));
        const last = rows.at(-1);
        if (last === undefined || rows.length < listPortion) return;
        place = [String(last['mail_due']), last['sequence'] ?? 0];
      }
    },

    async replace(notificationId, revision, next) {
      const mail = typeof next === 'string' ? undefined : next;
      const end = typeof next === 'string' && next !== 'withdrawn' ? next : null;
      return replace.run(end, ...toMailColumns(mail), notificationId, revision) > 0;
    },
  };
}
