-- A database of conversions as version 7 left it on people's disks. Never to be edited.
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
INSERT INTO conversions (id, owner, state, attempt, revision, batch_id, batch_size, ended_at, notification_id, removed_at, body, peaks, change, turn, not_before) VALUES ('c01', 'cleo', 'converting', 1, 2, NULL, NULL, NULL, NULL, NULL, '{"id":"c01","owner":"cleo","state":"converting","attempt":1,"revision":2,"fileName":"c01.mp4","source":{"kind":"blob"},"sourceBytes":1000,"options":{"format":"mp3"},"progress":0,"lostLeases":0,"warnings":[],"createdAt":"2026-05-04T03:01:00.000Z","updatedAt":"2026-05-04T03:02:00.000Z"}', NULL, 2, 1, NULL);
INSERT INTO conversions (id, owner, state, attempt, revision, batch_id, batch_size, ended_at, notification_id, removed_at, body, peaks, change, turn, not_before) VALUES ('c02', 'anna', 'queued', 2, 4, NULL, NULL, NULL, NULL, NULL, '{"id":"c02","owner":"anna","state":"queued","attempt":2,"revision":4,"fileName":"c02.mp4","source":{"kind":"blob"},"sourceBytes":1000,"options":{"format":"mp3"},"progress":0,"lostLeases":0,"warnings":[],"createdAt":"2026-05-04T03:03:00.000Z","updatedAt":"2026-05-04T03:20:00.000Z"}', NULL, 20, 8, NULL);
INSERT INTO conversions (id, owner, state, attempt, revision, batch_id, batch_size, ended_at, notification_id, removed_at, body, peaks, change, turn, not_before) VALUES ('c03', 'anna', 'cancelled', 1, 2, NULL, NULL, '2026-05-04T03:16:00.000Z', NULL, NULL, '{"id":"c03","owner":"anna","state":"cancelled","attempt":1,"revision":2,"fileName":"c03.mp4","source":{"kind":"blob"},"sourceBytes":1000,"options":{"format":"mp3"},"progress":0,"lostLeases":0,"warnings":[],"createdAt":"2026-05-04T03:04:00.000Z","updatedAt":"2026-05-04T03:16:00.000Z","endedAt":"2026-05-04T03:16:00.000Z"}', NULL, 16, NULL, NULL);
INSERT INTO conversions (id, owner, state, attempt, revision, batch_id, batch_size, ended_at, notification_id, removed_at, body, peaks, change, turn, not_before) VALUES ('c04', 'anna', 'cancelled', 1, 2, NULL, NULL, '2026-05-04T03:17:00.000Z', NULL, NULL, '{"id":"c04","owner":"anna","state":"cancelled","attempt":1,"revision":2,"fileName":"c04.mp4","source":{"kind":"blob"},"sourceBytes":1000,"options":{"format":"mp3"},"progress":0,"lostLeases":0,"warnings":[],"createdAt":"2026-05-04T03:05:00.000Z","updatedAt":"2026-05-04T03:17:00.000Z","endedAt":"2026-05-04T03:17:00.000Z"}', NULL, 17, NULL, NULL);
INSERT INTO conversions (id, owner, state, attempt, revision, batch_id, batch_size, ended_at, notification_id, removed_at, body, peaks, change, turn, not_before) VALUES ('c05', 'anna', 'cancelled', 1, 2, NULL, NULL, '2026-05-04T03:18:00.000Z', NULL, NULL, '{"id":"c05","owner":"anna","state":"cancelled","attempt":1,"revision":2,"fileName":"c05.mp4","source":{"kind":"blob"},"sourceBytes":1000,"options":{"format":"mp3"},"progress":0,"lostLeases":0,"warnings":[],"createdAt":"2026-05-04T03:06:00.000Z","updatedAt":"2026-05-04T03:18:00.000Z","endedAt":"2026-05-04T03:18:00.000Z"}', NULL, 18, NULL, NULL);
INSERT INTO conversions (id, owner, state, attempt, revision, batch_id, batch_size, ended_at, notification_id, removed_at, body, peaks, change, turn, not_before) VALUES ('c06', 'anna', 'cancelled', 1, 2, NULL, NULL, '2026-05-04T03:19:00.000Z', NULL, NULL, '{"id":"c06","owner":"anna","state":"cancelled","attempt":1,"revision":2,"fileName":"c06.mp4","source":{"kind":"blob"},"sourceBytes":1000,"options":{"format":"mp3"},"progress":0,"lostLeases":0,"warnings":[],"createdAt":"2026-05-04T03:07:00.000Z","updatedAt":"2026-05-04T03:19:00.000Z","endedAt":"2026-05-04T03:19:00.000Z"}', NULL, 19, NULL, NULL);
INSERT INTO conversions (id, owner, state, attempt, revision, batch_id, batch_size, ended_at, notification_id, removed_at, body, peaks, change, turn, not_before) VALUES ('c07', 'anna', 'queued', 1, 1, NULL, NULL, NULL, NULL, NULL, '{"id":"c07","owner":"anna","state":"queued","attempt":1,"revision":1,"fileName":"c07.mp4","source":{"kind":"blob"},"sourceBytes":1000,"options":{"format":"mp3"},"progress":0,"lostLeases":0,"warnings":[],"createdAt":"2026-05-04T03:08:00.000Z","updatedAt":"2026-05-04T03:08:00.000Z"}', NULL, 8, 7, NULL);
INSERT INTO conversions (id, owner, state, attempt, revision, batch_id, batch_size, ended_at, notification_id, removed_at, body, peaks, change, turn, not_before) VALUES ('c08', 'bert', 'queued', 1, 3, NULL, NULL, NULL, NULL, NULL, '{"id":"c08","owner":"bert","state":"queued","attempt":1,"revision":3,"fileName":"c08.mp4","source":{"kind":"blob"},"sourceBytes":1000,"options":{"format":"mp3"},"progress":0,"lostLeases":0,"warnings":[],"createdAt":"2026-05-04T03:09:00.000Z","updatedAt":"2026-05-04T03:15:00.000Z"}', NULL, 15, 2, NULL);
INSERT INTO conversions (id, owner, state, attempt, revision, batch_id, batch_size, ended_at, notification_id, removed_at, body, peaks, change, turn, not_before) VALUES ('c09', 'bert', 'queued', 1, 1, NULL, NULL, NULL, NULL, NULL, '{"id":"c09","owner":"bert","state":"queued","attempt":1,"revision":1,"fileName":"c09.mp4","source":{"kind":"blob"},"sourceBytes":1000,"options":{"format":"mp3"},"progress":0,"lostLeases":0,"warnings":[],"createdAt":"2026-05-04T03:10:00.000Z","updatedAt":"2026-05-04T03:10:00.000Z"}', NULL, 10, 3, NULL);
INSERT INTO conversions (id, owner, state, attempt, revision, batch_id, batch_size, ended_at, notification_id, removed_at, body, peaks, change, turn, not_before) VALUES ('c10', 'cleo', 'queued', 1, 1, NULL, NULL, NULL, NULL, NULL, '{"id":"c10","owner":"cleo","state":"queued","attempt":1,"revision":1,"fileName":"c10.mp4","source":{"kind":"blob"},"sourceBytes":1000,"options":{"format":"mp3"},"progress":0,"lostLeases":0,"warnings":[],"createdAt":"2026-05-04T03:11:00.000Z","updatedAt":"2026-05-04T03:11:00.000Z"}', NULL, 11, 2, NULL);
INSERT INTO changes (of, latest, forgotten) VALUES ('conversions', 20, 0);
INSERT INTO changes (of, latest, forgotten) VALUES ('notifications', 0, 0);
INSERT INTO starts (ordinal, name, conversions, notifications) VALUES (1, '7034337578c909c4', 0, 0);
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
CREATE TRIGGER conversions_inserted AFTER INSERT ON conversions BEGIN 
    UPDATE changes SET latest = latest + 1 WHERE of = 'conversions';
    UPDATE conversions SET change = (SELECT latest FROM changes WHERE of = 'conversions') WHERE rowid = NEW.rowid; END;
CREATE TRIGGER conversions_updated AFTER UPDATE ON conversions WHEN NEW.change = OLD.change BEGIN 
    UPDATE changes SET latest = latest + 1 WHERE of = 'conversions';
    UPDATE conversions SET change = (SELECT latest FROM changes WHERE of = 'conversions') WHERE rowid = NEW.rowid; END;
CREATE INDEX notifications_changed ON notifications (owner, change);
CREATE TRIGGER notifications_inserted AFTER INSERT ON notifications BEGIN 
    UPDATE changes SET latest = latest + 1 WHERE of = 'notifications';
    UPDATE notifications SET change = (SELECT latest FROM changes WHERE of = 'notifications') WHERE rowid = NEW.rowid; END;
CREATE TRIGGER notifications_updated AFTER UPDATE ON notifications WHEN NEW.change = OLD.change BEGIN 
    UPDATE changes SET latest = latest + 1 WHERE of = 'notifications';
    UPDATE notifications SET change = (SELECT latest FROM changes WHERE of = 'notifications') WHERE rowid = NEW.rowid; END;
CREATE TRIGGER conversions_deleted AFTER DELETE ON conversions BEGIN
    UPDATE changes SET forgotten = max(forgotten, OLD.change) WHERE of = 'conversions';
  END;
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
PRAGMA user_version = 7;
