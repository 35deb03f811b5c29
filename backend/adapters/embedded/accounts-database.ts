import { openSqliteDatabase, type SqliteDatabase } from './sqlite-database.ts';

const users = `
  CREATE TABLE users (
    id TEXT NOT NULL PRIMARY KEY,
    email TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    admin INTEGER NOT NULL,
    created_at TEXT NOT NULL
  ) STRICT;
`;

const migrations: readonly string[] = [users];

/**
 * Opens the database of accounts, which several processes may do at once: accounts are added beside a running server. Throws as
 * {@link openSqliteDatabase} does.
 */
export function openAccountsDatabase(path: string): SqliteDatabase {
  return openSqliteDatabase(path, migrations);
}
