import type { UserRecord, UserStore } from '../../ports/user-store.ts';
import { type MysqlDatabase, type MysqlRow, textOf } from './mysql-database.ts';

/** How many accounts of a list are in memory at a time. */
const listPortion = 200;

const columns = 'id, email, password_hash, admin, confirmed, mail, created_at';

/** Accounts in a database whose tables `migrateAccounts` made. */
export function createMysqlUserStore({ ask, change }: MysqlDatabase): UserStore {
  async function find(condition: string, value: string): Promise<UserRecord | undefined> {
    const [row] = await ask(`SELECT ${columns} FROM user WHERE ${condition}`, value);
    return row === undefined ? undefined : fromRow(row);
  }

  return {
    async insert({ id, email, passwordHash, admin, confirmed, mail, createdAt }) {
      await change(
        `INSERT INTO user (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?)`,
        id,
        email,
        passwordHash,
        admin,
        confirmed,
        mail,
        createdAt,
      );
    },

    get: (id) => find('id = ?', id),

    findByEmail: (email) => find('email = ?', email.toLowerCase()),

    async update(id, { passwordHash = null, confirmed = null, mail = null }) {
      // Fields that are not given stay unchanged.
      const { rows } = await change(
        `UPDATE user
        SET password_hash = COALESCE(?, password_hash), confirmed = COALESCE(?, confirmed), mail = COALESCE(?, mail)
        WHERE id = ?`,
        passwordHash,
        confirmed,
        mail,
        id,
      );
      return rows === 1;
    },

    async remove(id) {
      await change('DELETE FROM user WHERE id = ?', id);
    },

    async *list() {
      let after = '';
      for (;;) {
        const rows = await ask(
          `SELECT ${columns} FROM user WHERE email > ? ORDER BY email LIMIT ${listPortion}`,
          after,
        );
        const users = rows.map(fromRow);
        yield* users;
        const last = users.at(-1);
        if (last === undefined || users.length < listPortion) return;
        after = last.email;
      }
    },
  };
}

function fromRow(row: MysqlRow): UserRecord {
  return {
    id: textOf(row, 'id'),
    email: textOf(row, 'email'),
    passwordHash: textOf(row, 'password_hash'),
    admin: row['admin'] === 1,
    confirmed: row['confirmed'] === 1,
    mail: row['mail'] === 1,
    createdAt: textOf(row, 'created_at'),
  };
}
