import type { UserRecord, UserStore } from '../../ports/user-store.ts';
import type { SqliteDatabase } from './sqlite-database.ts';
import type { SqliteRow } from './sqlite-integers.ts';

/** How many accounts of a list are in memory at a time. */
const listPortion = 200;

const columns = 'id, email, password_hash, admin, confirmed, mail, created_at';

/** Accounts in a database that `openAccountsDatabase` opened. */
export function createSqliteUserStore(database: SqliteDatabase): UserStore {
  const insert = database.prepare(`INSERT INTO users (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?)`);
  const get = database.prepare(`SELECT ${columns} FROM users WHERE id = ?`);
  const findByEmail = database.prepare(`SELECT ${columns} FROM users WHERE email = ?`);
  // Fields that are not given stay unchanged.
  const update = database.prepare(`
    UPDATE users
    SET password_hash = coalesce(?, password_hash), confirmed = coalesce(?, confirmed), mail = coalesce(?, mail)
    WHERE id = ?`);
  const remove = database.prepare('DELETE FROM users WHERE id = ?');
  const list = database.prepare(`SELECT ${columns} FROM users WHERE email > ? ORDER BY email LIMIT ?`);

  return {
    async insert({ id, email, passwordHash, admin, confirmed, mail, createdAt }) {
      insert.run(id, email, passwordHash, Number(admin), Number(confirmed), Number(mail), createdAt);
    },

    async get(id) {
      return fromRow(get.get(id));
    },

    async findByEmail(email) {
      return fromRow(findByEmail.get(email.toLowerCase()));
    },

    async update(id, { passwordHash, confirmed, mail }) {
      return update.run(passwordHash ?? null, flag(confirmed), flag(mail), id) === 1;
    },

    async remove(id) {
      remove.run(id);
    },

    async *list() {
      let after = '';
      for (;;) {
        const users = list.all(after, listPortion).flatMap((row) => fromRow(row) ?? []);
        yield* users;
        const last = users.at(-1);
        if (last === undefined || users.length < listPortion) return;
        after = last.email;
      }
    },
  };
}

function flag(value: boolean | undefined): number | null {
  return value === undefined ? null : Number(value);
}

function fromRow(row: SqliteRow | undefined): UserRecord | undefined {
  if (row === undefined) return undefined;
  return {
    id: String(row['id']),
    email: String(row['email']),
    passwordHash: String(row['password_hash']),
    admin: row['admin'] === 1,
    confirmed: row['confirmed'] === 1,
    mail: row['mail'] === 1,
    createdAt: String(row['created_at']),
  };
}
