import { basename } from 'node:path';
import { noteStart } from './change-positions.ts';
import { takeBackUnreadable } from './conversion-reader.ts';
import { mendNumbers } from './damaged-numbers.ts';
import {
  type DatabaseEvents,
  damagedFile,
  isDamagedDatabase,
  openSqliteDatabase,
  type SqliteDatabase,
} from './sqlite-database.ts';

/**
 * A conversion is stored as JSON, with the fields that queries search by in columns of their own. Peaks are in a separate column,
 * so that lists need not read them: 400 bytes, one for each peak.
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

/** `body` is the record without `readAt` and, in later versions, the state of its mail: those are columns. */
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

/**
 * Each write of a row gives it the next number, in the same transaction. SQLite runs one write at a time, so a reader that has
 * read up to a number has seen everything written before it. A number is never used twice, not even after its row is deleted. But
 * after a folder was restored from a copy, the numbers since the copy are given out again. So each start of a backend has a name,
 * recorded with the numbers at that time, and a number is given out together with the start it belongs to.
 */
const changes = `
  CREATE TABLE changes (
    of TEXT NOT NULL PRIMARY KEY,
    latest INTEGER NOT NULL,
    -- The highest number whose row was deleted.
    forgotten INTEGER NOT NULL
  ) STRICT;
  INSERT INTO changes VALUES ('conversions', 0, 0), ('notifications', 0, 0);
  CREATE TABLE starts (
    ordinal INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    conversions INTEGER NOT NULL,
    notifications INTEGER NOT NULL
  ) STRICT;
  ${numberChanges('conversions')}
  ${numberChanges('notifications')}
  -- A notification goes with its account alone, and then there is nobody left to be told.
  CREATE TRIGGER conversions_deleted AFTER DELETE ON conversions BEGIN
    UPDATE changes SET forgotten = max(forgotten, OLD.change) WHERE of = 'conversions';
  END;
`;

/** The triggers ensure that every statement that writes a row also gives it a new number. */
function numberChanges(table: 'conversions' | 'notifications'): string {
  const next = `
    UPDATE changes SET latest = latest + 1 WHERE of = '${table}';
    UPDATE ${table} SET change = (SELECT latest FROM changes WHERE of = '${table}') WHERE rowid = NEW.rowid;`;
  return `
    ALTER TABLE ${table} ADD COLUMN change INTEGER NOT NULL DEFAULT 0;
    CREATE INDEX ${table}_changed ON ${table} (owner, change);
    CREATE TRIGGER ${table}_inserted AFTER INSERT ON ${table} BEGIN ${next} END;
    CREATE TRIGGER ${table}_updated AFTER UPDATE ON ${table} WHEN NEW.change = OLD.change BEGIN ${next} END;
  `;
}

/** `mail` is the outcome of the mail; while the mail is owed, `mail_due` and the other columns are its state. */
const mails = `
  ALTER TABLE notifications ADD COLUMN mail TEXT;
  ALTER TABLE notifications ADD COLUMN mail_tries INTEGER;
  ALTER TABLE notifications ADD COLUMN mail_due TEXT;
  ALTER TABLE notifications ADD COLUMN mail_claimed INTEGER;
  CREATE INDEX notifications_owed_mail ON notifications (mail_due, sequence) WHERE mail_due IS NOT NULL;
`;

/** Every write of an owed mail raises `mail_revision`, which keeps its claim. */
const leases = `
  CREATE TABLE leases (
    name TEXT NOT NULL PRIMARY KEY,
    counter INTEGER NOT NULL,
    held INTEGER NOT NULL
  ) STRICT;
  ALTER TABLE notifications ADD COLUMN mail_revision INTEGER NOT NULL DEFAULT 0;
`;

/** Each queued row had a turn of its own in this version. Rows that waited or ran got theirs in the order of their ids. */
const turns = `
  ALTER TABLE conversions ADD COLUMN turn INTEGER;
  ALTER TABLE conversions ADD COLUMN not_before TEXT;
  UPDATE conversions SET not_before = CASE WHEN json_valid(body) THEN body ->> '$.notBefore' END, turn = ranked.turn
    FROM (
      SELECT id, row_number() OVER (PARTITION BY owner ORDER BY id) AS turn
      FROM conversions WHERE state IN ('queued', 'converting')
    ) AS ranked
    WHERE conversions.id = ranked.id;
  CREATE INDEX conversions_by_turn ON conversions (turn, owner, not_before) WHERE state = 'queued';
  CREATE INDEX conversions_by_due_time ON conversions (not_before) WHERE state = 'queued';
  CREATE UNIQUE INDEX conversions_turns_of_owner ON conversions (owner, turn) WHERE turn IS NOT NULL;
  CREATE INDEX conversions_taken ON conversions (turn, owner) WHERE turn IS NOT NULL AND state <> 'queued';
  DROP INDEX conversions_untold;
  CREATE INDEX conversions_untold_batches ON conversions (owner, coalesce(batch_id, id), id)
    WHERE state IN ('done', 'failed') AND removed_at IS NULL AND notification_id IS NULL;
`;

/** The rows in the index conversions_ended. */
export const endedCondition = 'ended_at IS NOT NULL AND removed_at IS NULL';
/** The rows in the index conversions_with_sources. */
export const sourceCondition = `state IN ('failed', 'cancelled') AND removed_at IS NULL
  AND CASE WHEN json_valid(body) THEN body ->> '$.source.kind' = 'blob' AND body ->> '$.sourceGone' IS NULL END`;

/** Finds expired rows without reading all that have ended. The next migration adds the index for sources. */
const expiries = `
  CREATE INDEX conversions_removed ON conversions (removed_at, id) WHERE removed_at IS NOT NULL;
  CREATE INDEX conversions_ended ON conversions (ended_at, id) WHERE ${endedCondition};
`;

/**
 * An index with a condition on the body, which holds for no body that is not JSON. Without that, nothing could be written into a row
 * whose body was damaged. `expiries` made the index without it, and so it is no longer made there.
 */
const sources = `
  DROP INDEX IF EXISTS conversions_with_sources;
  CREATE INDEX conversions_with_sources ON conversions (ended_at, id) WHERE ${sourceCondition};
`;

/**
 * Only rows that were taken have a turn. `conversions_waiting` finds an owner's next row, `conversions_taken` the row that was taken
 * last.
 */
const turnsOfOwners = `
  DROP INDEX conversions_by_turn;
  DROP INDEX conversions_turns_of_owner;
  DROP INDEX conversions_taken;
  UPDATE conversions SET turn = NULL WHERE state = 'queued';
  CREATE INDEX conversions_waiting ON conversions (owner, id, not_before) WHERE state = 'queued';
  CREATE UNIQUE INDEX conversions_taken ON conversions (turn, owner) WHERE turn IS NOT NULL;
`;

/** The expression in the index conversions_by_upload_key. */
export const uploadKey = `CASE WHEN json_valid(body) THEN body ->> '$.uploadKey' END`;

/** One row for each key of an owner, so that a creation which is repeated finds the row of the first. */
const uploadKeys = `
  CREATE UNIQUE INDEX conversions_by_upload_key ON conversions (owner, ${uploadKey}) WHERE ${uploadKey} IS NOT NULL;
`;

const migrations: readonly string[] = [
  ...[conversions, notifications, changes, mails, leases, turns, expiries],
  ...[sources, turnsOfOwners, uploadKeys],
];

/** Opens the database of conversions and notifications. Throws as {@link openSqliteDatabase} does. */
export function openConversionsDatabase(path: string, events: DatabaseEvents = {}): SqliteDatabase {
  const tables = ['conversions', 'notifications', 'changes', 'starts', 'leases'];
  const database = openSqliteDatabase(path, migrations, { ...events, tables, loss: conversionsLoss });
  try {
    mendNumbers(database);
    takeBackUnreadable(database);
    noteStart(database);
    return database;
  } catch (error) {
    database[Symbol.dispose]();
    throw isDamagedDatabase(error) ? damagedFile(basename(path), conversionsLoss, error) : error;
  }
}

/** What somebody loses who goes on without the database of conversions, for the end of a sentence. */
export const conversionsLoss = 'the list of all conversions, their MP3s and their notifications';
