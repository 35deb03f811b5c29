import type { SessionRecord, SessionStore } from '../../ports/session-store.ts';
import type { SqliteDatabase, SqliteRow } from './sqlite-database.ts';

/** Sessions in a database that `openAccountsDatabase` opened. */
export function createSqliteSessionStore(database: SqliteDatabase): SessionStore {
  const insert = database.prepare(
    'INSERT INTO sessions (user_id, next, unused, used, ends_at, id) VALUES (?, ?, ?, ?, ?, ?)',
  );
  const get = database.prepare('SELECT * FROM sessions WHERE id = ?');
  const replace = database.prepare(
    'UPDATE sessions SET user_id = ?, next = ?, unused = ?, used = ?, ends_at = ? WHERE id = ? AND next = ?',
  );
  const remove = database.prepare('DELETE FROM sessions WHERE id = ?');
  const removeAllOf = database.prepare('DELETE FROM sessions WHERE user_id = ? AND id <> ?');
  const removeEnded = database.prepare('DELETE FROM sessions WHERE ends_at < ?');

  return {
    async insert(session) {
      insert.run(...toRow(session));
    },
    async get(id) {
      return fromRow(get.get(id));
    },
    async replace(session, expectedNext) {
      return replace.run(...toRow(session), expectedNext) === 1;
    },
    async remove(id) {
      remove.run(id);
    },
    async removeAllOf(userId, exceptId = '') {
      removeAllOf.run(userId, exceptId);
    },
    async removeEnded(before) {
      removeEnded.run(before);
    },
  };
}

function toRow({ id, userId, next, unused, used, endsAt }: SessionRecord): readonly (string | number)[] {
  return [userId, next, JSON.stringify(unused), JSON.stringify(used), endsAt, id];
}

function fromRow(row: SqliteRow | undefined): SessionRecord | undefined {
  if (row === undefined) return undefined;
  // Written by toRow, and by nobody else.
  const unused: SessionRecord['unused'] = JSON.parse(String(row['unused']));
  const used: SessionRecord['used'] = JSON.parse(String(row['used']));
  return {
    id: String(row['id']),
    userId: String(row['user_id']),
    next: Number(row['next']),
    unused,
    used,
    endsAt: String(row['ends_at']),
  };
}
