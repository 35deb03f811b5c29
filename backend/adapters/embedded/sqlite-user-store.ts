import type { UserRecord, UserStore } from '../../ports/user-store.ts';
import type { SqliteDatabase, SqliteRow } from './sqlite-database.ts';

/** How many accounts of a list are in memory at a time. */
const listPortion = 200;

const columns = 'id, email, password_hash, admin, created_at';

/** Accounts in a database that `openAccountsDatabase` opened. */
export function createSqliteUserStore(database: SqliteDatabase): UserStore {
  const insert = database.prepare(`INSERT INTO users (${columns}) VALUES (?, ?, ?, ?, ?)`);
  const get = database.prepare(`SELECT ${columns} FROM users WHERE id = ?`);
  const findByEmail = database.prepare(`SELECT ${columns} FROM users WHERE email = ?`);
  const setPasswordHash = database.prepare('UPDATE users SET password_hash = ? WHERE id = ?');
  const list = database.prepare(`SELECT ${columns} FROM users WHERE email > ? ORDER BY email LIMIT ?`);

  return {
    async insert({ id, email, passwordHash, admin, createdAt }) {
      insert.run(id, email, passwordHash, admin ? 1 : 0, createdAt);
    },

    async get(id) {
      return fromRow(get.get(id));
    },

    async findByEmail(email) {
      return fromRow(findByEmail.get(email.toLowerCase()));
    },

    async setPasswordHash(id, passwordHash) {
      return setPasswordHash.run(passwordHash, id) === 1;
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

function fromRow(row: SqliteRow | undefined): UserRecord | undefined {
  if (row === undefined) return undefined;
  return {
    id: String(row['id']),
    email: String(row['email']),
    passwordHash: String(row['password_hash']),
    admin: row['admin'] === 1,
    createdAt: String(row['created_at']),
  };
}
