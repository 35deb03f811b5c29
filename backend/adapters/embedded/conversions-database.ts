import { openSqliteDatabase, type SqliteDatabase } from './sqlite-database.ts';

/**
 * A row is its record as JSON; beside it, in columns, what is searched for. Peaks lie apart, so that lists need not read
 * them: 400 bytes, one each.
 */
const conversions = `
  CREATE TABLE conversions (
    id TEXT NOT NULL PRIMARY KEY,
    owner TEXT NOT NULL,
    state TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    batch_id TEXT,
    batch_size INTEGER,
    ended_at TEXT,
    notification_id TEXT,
    removed_at TEXT,
    body TEXT NOT NULL,
    peaks BLOB
  ) STRICT;
  CREATE INDEX conversions_by_state ON conversions (state, id);
  CREATE INDEX conversions_by_owner ON conversions (owner, id) WHERE removed_at IS NULL;
  CREATE INDEX conversions_by_owner_and_state ON conversions (owner, state, id) WHERE removed_at IS NULL;
  -- All that a batch's summary is made of, so that it is made without reading a row.
  CREATE INDEX conversions_of_batch
    ON conversions (owner, batch_id, id, state, removed_at, ended_at, notification_id, batch_size)
    WHERE batch_id IS NOT NULL;
  CREATE INDEX conversions_untold ON conversions (id)
    WHERE state IN ('done', 'failed') AND removed_at IS NULL AND notification_id IS NULL;
`;

/** `body` is the record without `readAt`, which is a column. */
const notifications = `
  CREATE TABLE notifications (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,
    batch_id TEXT NOT NULL,
    created_at TEXT NOT NULL,
    read_at TEXT,
    body TEXT NOT NULL
  ) STRICT;
  CREATE INDEX notifications_of_batch ON notifications (owner, batch_id);
  CREATE INDEX notifications_by_owner ON notifications (owner, created_at, sequence);
  CREATE INDEX notifications_unread ON notifications (owner, created_at, sequence) WHERE read_at IS NULL;
`;

const migrations: readonly string[] = [conversions, notifications];

/** Opens the database of conversions and notifications. Throws as {@link openSqliteDatabase} does. */
export function openConversionsDatabase(path: string): SqliteDatabase {
  return openSqliteDatabase(path, migrations);
}
