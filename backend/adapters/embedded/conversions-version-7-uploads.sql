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
  , change INTEGER NOT NULL DEFAULT 0, turn INTEGER, not_before TEXT) STRICT;
CREATE TABLE notifications (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,
    batch_id TEXT NOT NULL,
    created_at TEXT NOT NULL,
    read_at TEXT,
    body TEXT NOT NULL
  , change INTEGER NOT NULL DEFAULT 0, mail TEXT, mail_tries INTEGER, mail_due TEXT, mail_claimed INTEGER, mail_revision INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE changes (
    of TEXT NOT NULL PRIMARY KEY,
    latest INTEGER NOT NULL,
    -- The highest number whose row was deleted.
    forgotten INTEGER NOT NULL
  ) STRICT;
CREATE TABLE starts (
    ordinal INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    conversions INTEGER NOT NULL,
    notifications INTEGER NOT NULL
  ) STRICT;
CREATE TABLE leases (
    name TEXT NOT NULL PRIMARY KEY,
    counter INTEGER NOT NULL,
    held INTEGER NOT NULL
  ) STRICT;
INSERT INTO conversions (id, owner, state, attempt, revision, batch_id, batch_size, ended_at, notification_id, removed_at, body, peaks, change, turn, not_before) VALUES ('c1', 'anna', 'uploading', 1, 1, NULL, NULL, NULL, NULL, NULL, '{"owner":"anna","attempt":1,"revision":1,"fileName":"talk.mp4","source":{"kind":"blob"},"sourceBytes":6,"options":{"format":"mp3"},"progress":0,"lostLeases":0,"warnings":[],"createdAt":"2026-05-04T03:02:01.000Z","updatedAt":"2026-05-04T03:02:01.000Z","id":"c1","state":"uploading","upload":{"bytes":6,"metadata":"filename dGFsay5tcDQ=","expiresAt":"2026-05-05T03:02:01.000Z"}}', NULL, 1, NULL, NULL);
INSERT INTO conversions (id, owner, state, attempt, revision, batch_id, batch_size, ended_at, notification_id, removed_at, body, peaks, change, turn, not_before) VALUES ('c2', 'anna', 'uploading', 1, 1, NULL, NULL, NULL, NULL, NULL, '{"owner":"anna","attempt":1,"revision":1,"fileName":"talk.mp4","source":{"kind":"blob"},"sourceBytes":6,"options":{"format":"mp3"},"progress":0,"lostLeases":0,"warnings":[],"createdAt":"2026-05-04T03:02:01.000Z","updatedAt":"2026-05-04T03:02:01.000Z","id":"c2","state":"uploading","upload":{"bytes":6,"metadata":"filename dGFsay5tcDQ=","expiresAt":"2026-05-05T03:02:01.000Z"}}', NULL, 2, NULL, NULL);
INSERT INTO conversions (id, owner, state, attempt, revision, batch_id, batch_size, ended_at, notification_id, removed_at, body, peaks, change, turn, not_before) VALUES ('c3', 'anna', 'queued', 1, 1, NULL, NULL, NULL, NULL, NULL, '{"owner":"anna","attempt":1,"revision":1,"fileName":"talk.mp4","source":{"kind":"blob"},"sourceBytes":6,"options":{"format":"mp3"},"progress":0,"lostLeases":0,"warnings":[],"createdAt":"2026-05-04T03:02:01.000Z","updatedAt":"2026-05-04T03:02:01.000Z","id":"c3","state":"queued","upload":{"bytes":6,"metadata":"filename dGFsay5tcDQ=","expiresAt":"2026-05-05T03:02:01.000Z"}}', NULL, 3, 1, NULL);
INSERT INTO conversions (id, owner, state, attempt, revision, batch_id, batch_size, ended_at, notification_id, removed_at, body, peaks, change, turn, not_before) VALUES ('c4', 'anna', 'cancelled', 1, 1, NULL, NULL, '2026-05-04T03:02:01.000Z', NULL, '2026-05-04T03:02:01.000Z', '{"owner":"anna","attempt":1,"revision":1,"fileName":"","source":{"kind":"blob"},"sourceBytes":6,"options":{"format":"mp3"},"progress":0,"lostLeases":0,"warnings":[],"createdAt":"2026-05-04T03:02:01.000Z","updatedAt":"2026-05-04T03:02:01.000Z","id":"c4","state":"cancelled","sourceGone":true,"endedAt":"2026-05-04T03:02:01.000Z","removedAt":"2026-05-04T03:02:01.000Z"}', NULL, 4, NULL, NULL);
INSERT INTO changes (of, latest, forgotten) VALUES ('conversions', 4, 0);
INSERT INTO changes (of, latest, forgotten) VALUES ('notifications', 0, 0);
INSERT INTO starts (ordinal, name, conversions, notifications) VALUES (1, 'c3afd94611230316', 0, 0);
CREATE INDEX conversions_by_state ON conversions (state, id);
CREATE INDEX conversions_by_owner ON conversions (owner, id) WHERE removed_at IS NULL;
CREATE INDEX conversions_by_owner_and_state ON conversions (owner, state, id) WHERE removed_at IS NULL;
CREATE INDEX conversions_of_batch
    ON conversions (owner, batch_id, id, state, removed_at, ended_at, notification_id, batch_size)
    WHERE batch_id IS NOT NULL;
CREATE INDEX notifications_of_batch ON notifications (owner, batch_id);
CREATE INDEX notifications_by_owner ON notifications (owner, created_at, sequence);
CREATE INDEX notifications_unread ON notifications (owner, created_at, sequence) WHERE read_at IS NULL;
CREATE INDEX conversions_changed ON conversions (owner, change);
CREATE INDEX notifications_changed ON notifications (owner, change);
CREATE INDEX notifications_owed_mail ON notifications (mail_due, sequence) WHERE mail_due IS NOT NULL;
CREATE INDEX conversions_by_turn ON conversions (turn, owner, not_before) WHERE state = 'queued';
CREATE INDEX conversions_by_due_time ON conversions (not_before) WHERE state = 'queued';
CREATE UNIQUE INDEX conversions_turns_of_owner ON conversions (owner, turn) WHERE turn IS NOT NULL;
CREATE INDEX conversions_taken ON conversions (turn, owner) WHERE turn IS NOT NULL AND state <> 'queued';
CREATE INDEX conversions_untold_batches ON conversions (owner, coalesce(batch_id, id), id)
    WHERE state IN ('done', 'failed') AND removed_at IS NULL AND notification_id IS NULL;
CREATE INDEX conversions_removed ON conversions (removed_at, id) WHERE removed_at IS NOT NULL;
CREATE INDEX conversions_ended ON conversions (ended_at, id) WHERE ended_at IS NOT NULL AND removed_at IS NULL;
CREATE INDEX conversions_with_sources ON conversions (ended_at, id) WHERE state IN ('failed', 'cancelled') AND removed_at IS NULL
  AND body ->> '$.source.kind' = 'blob' AND body ->> '$.sourceGone' IS NULL;
CREATE TRIGGER conversions_inserted AFTER INSERT ON conversions BEGIN 
    UPDATE changes SET latest = latest + 1 WHERE of = 'conversions';
    UPDATE conversions SET change = (SELECT latest FROM changes WHERE of = 'conversions') WHERE rowid = NEW.rowid; END;
CREATE TRIGGER conversions_updated AFTER UPDATE ON conversions WHEN NEW.change = OLD.change BEGIN 
    UPDATE changes SET latest = latest + 1 WHERE of = 'conversions';
    UPDATE conversions SET change = (SELECT latest FROM changes WHERE of = 'conversions') WHERE rowid = NEW.rowid; END;
CREATE TRIGGER notifications_inserted AFTER INSERT ON notifications BEGIN 
    UPDATE changes SET latest = latest + 1 WHERE of = 'notifications';
    UPDATE notifications SET change = (SELECT latest FROM changes WHERE of = 'notifications') WHERE rowid = NEW.rowid; END;
CREATE TRIGGER notifications_updated AFTER UPDATE ON notifications WHEN NEW.change = OLD.change BEGIN 
    UPDATE changes SET latest = latest + 1 WHERE of = 'notifications';
    UPDATE notifications SET change = (SELECT latest FROM changes WHERE of = 'notifications') WHERE rowid = NEW.rowid; END;
CREATE TRIGGER conversions_deleted AFTER DELETE ON conversions BEGIN
    UPDATE changes SET forgotten = max(forgotten, OLD.change) WHERE of = 'conversions';
  END;
PRAGMA user_version = 7;
