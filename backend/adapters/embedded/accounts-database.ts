import { type DatabaseEvents, openSqliteDatabase, type SqliteDatabase } from './sqlite-database.ts';

const users = `
  CREATE TABLE users (
    id TEXT NOT NULL PRIMARY KEY,
    email TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    admin INTEGER NOT NULL,
    created_at TEXT NOT NULL
  ) STRICT;
`;

/** Accounts that exist before addresses were confirmed were made by an administrator, or only on this computer. */
const sessionsAndCodes = `
  ALTER TABLE users ADD COLUMN confirmed INTEGER NOT NULL DEFAULT 1;
  ALTER TABLE users ADD COLUMN mail INTEGER NOT NULL DEFAULT 1;
  CREATE TABLE sessions (
    id TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL,
    revision INTEGER NOT NULL,
    -- JSON: SessionTokens.
    tokens TEXT,
    ends_at TEXT NOT NULL
  ) STRICT;
  CREATE INDEX sessions_by_user ON sessions (user_id);
  CREATE INDEX sessions_by_end ON sessions (ends_at);
  CREATE TABLE codes (
    user_id TEXT NOT NULL,
    purpose TEXT NOT NULL,
    hash TEXT NOT NULL,
    sent_at TEXT NOT NULL,
    ends_at TEXT NOT NULL,
    tries_left INTEGER NOT NULL,
    PRIMARY KEY (user_id, purpose)
  ) STRICT;
  CREATE INDEX codes_by_end ON codes (ends_at);
`;

const migrations: readonly string[] = [users, sessionsAndCodes];

/**
 * Opens the database of accounts. Several processes may have it open: an administrator can add accounts while a server runs.
 * Throws as {@link openSqliteDatabase} does.
 */
export function openAccountsDatabase(path: string, events: DatabaseEvents = {}): SqliteDatabase {
  return openSqliteDatabase(path, migrations, {
    ...events,
    tables: ['users', 'sessions', 'codes'],
    loss: accountsLoss,
  });
}

/** What somebody loses who goes on without the database of accounts, for the end of a sentence. */
export const accountsLoss = 'all accounts';
