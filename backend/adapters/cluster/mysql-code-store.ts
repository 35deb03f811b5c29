import { isAppError } from '../../../shared/errors.ts';
import { type CodeRecord, type CodeStore, codePurposes } from '../../ports/code-store.ts';
import { deleteInPortions, type MysqlDatabase, type MysqlRow, textOf } from './mysql-database.ts';

/** Mailed codes in a database whose tables `migrateAccounts` made. */
export function createMysqlCodeStore({ ask, change }: MysqlDatabase): CodeStore {
  async function insert({ userId, purpose, hash, sentAt, endsAt, triesLeft }: CodeRecord): Promise<boolean> {
    try {
      await change(
        'INSERT INTO code (user_id, purpose, hash, sent_at, ends_at, tries_left) VALUES (?, ?, ?, ?, ?, ?)',
        userId,
        purpose,
        hash,
        sentAt,
        endsAt,
        triesLeft,
      );
      return true;
    } catch (error) {
      if (isAppError(error, 'taken')) return false;
      throw error;
    }
  }

  async function get(userId: string, purpose: string): Promise<CodeRecord | undefined> {
    const [row] = await ask(
      'SELECT user_id, purpose, hash, sent_at, ends_at, tries_left FROM code WHERE user_id = ? AND purpose = ?',
      userId,
      purpose,
    );
    return row === undefined ? undefined : fromRow(row);
  }

  return {
    get,

    async put(code, { from, to }) {
      const { userId, purpose, hash, sentAt, endsAt, triesLeft } = code;
      for (;;) {
        if (await insert(code)) return true;
        const { rows } = await change(
          `UPDATE code SET hash = ?, sent_at = ?, ends_at = ?, tries_left = ?
          WHERE user_id = ? AND purpose = ? AND (sent_at <= ? OR sent_at > ?)`,
          hash,
          sentAt,
          endsAt,
          triesLeft,
          userId,
          purpose,
          from,
          to,
        );
        if (rows === 1) return true;
        // It may have been used or removed since the insert.
        if ((await get(userId, purpose)) !== undefined) return false;
      }
    },

    async takeTry(userId, purpose) {
      const { rows } = await change(
        'UPDATE code SET tries_left = tries_left - 1 WHERE user_id = ? AND purpose = ? AND tries_left > 0',
        userId,
        purpose,
      );
      return rows === 1;
    },

    async use(userId, purpose, hash) {
      const { rows } = await change(
        'DELETE FROM code WHERE user_id = ? AND purpose = ? AND hash = ?',
        userId,
        purpose,
        hash,
      );
      return rows === 1;
    },

    async removeAllOf(userId) {
      await change('DELETE FROM code WHERE user_id = ?', userId);
    },

    async removeEnded(before) {
      await deleteInPortions(change, 'code WHERE ends_at < ? ORDER BY ends_at', before);
    },
  };
}

function fromRow(row: MysqlRow): CodeRecord | undefined {
  const stored = textOf(row, 'purpose');
  const purpose = codePurposes.find((known) => known === stored);
  if (purpose === undefined) return undefined;
  return {
    userId: textOf(row, 'user_id'),
    purpose,
    hash: textOf(row, 'hash'),
    sentAt: textOf(row, 'sent_at'),
    endsAt: textOf(row, 'ends_at'),
    triesLeft: Number(row['tries_left']),
  };
}
