import { type CodeRecord, type CodeStore, codePurposes } from '../../ports/code-store.ts';
import { isStorableInteger } from '../stored-rows/storable-integers.ts';
import type { SqliteDatabase } from './sqlite-database.ts';
import type { SqliteRow } from './sqlite-integers.ts';

/** Mailed codes in a database that `openAccountsDatabase` opened. */
export function createSqliteCodeStore(database: SqliteDatabase): CodeStore {
  const put = database.prepare(`
    INSERT INTO codes (user_id, purpose, hash, sent_at, ends_at, tries_left) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (user_id, purpose) DO UPDATE
    SET hash = excluded.hash, sent_at = excluded.sent_at, ends_at = excluded.ends_at, tries_left = excluded.tries_left
    WHERE sent_at <= ? OR sent_at > ?`);
  const get = database.prepare('SELECT * FROM codes WHERE user_id = ? AND purpose = ?');
  const takeTry = database.prepare(
    'UPDATE codes SET tries_left = tries_left - 1 WHERE user_id = ? AND purpose = ? AND tries_left > 0',
  );
  const use = database.prepare('DELETE FROM codes WHERE user_id = ? AND purpose = ? AND hash = ?');
  const removeAllOf = database.prepare('DELETE FROM codes WHERE user_id = ?');
  const removeEnded = database.prepare('DELETE FROM codes WHERE ends_at < ?');

  return {
    async put({ userId, purpose, hash, sentAt, endsAt, triesLeft }, { from, to }) {
      return put.run(userId, purpose, hash, sentAt, endsAt, triesLeft, from, to) === 1;
    },
    async get(userId, purpose) {
      return fromRow(get.get(userId, purpose));
    },
    async takeTry(userId, purpose) {
      return takeTry.run(userId, purpose) === 1;
    },
    async use(userId, purpose, hash) {
      return use.run(userId, purpose, hash) === 1;
    },
    async removeAllOf(userId) {
      removeAllOf.run(userId);
    },
    async removeEnded(before) {
      removeEnded.run(before);
    },
  };
}

function fromRow(row: SqliteRow | undefined): CodeRecord | undefined {
  const purpose = codePurposes.find((known) => known === row?.['purpose']);
  // A code with a damaged number of tries could be guessed.
  if (row === undefined || purpose === undefined || !isStorableInteger(row['tries_left'])) return undefined;
  return {
    userId: String(row['user_id']),
    purpose,
    hash: String(row['hash']),
    sentAt: String(row['sent_at']),
    endsAt: String(row['ends_at']),
    triesLeft: Number(row['tries_left']),
  };
}
