-- A database of conversions as version 4 left it on people's disks. Never to be edited.
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
  , change INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE INDEX conversions_by_state ON conversions (state, id);
CREATE INDEX conversions_by_owner ON conversions (owner, id) WHERE removed_at IS NULL;
CREATE INDEX conversions_by_owner_and_state ON conversions (owner, state, id) WHERE removed_at IS NULL;
CREATE INDEX conversions_of_batch
    ON conversions (owner, batch_id, id, state, removed_at, ended_at, notification_id, batch_size)
    WHERE batch_id IS NOT NULL;
CREATE INDEX conversions_untold ON conversions (id)
    WHERE state IN ('done', 'failed') AND removed_at IS NULL AND notification_id IS NULL;
CREATE TABLE notifications (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,
    batch_id TEXT NOT NULL,
    created_at TEXT NOT NULL,
    read_at TEXT,
    body TEXT NOT NULL
  , change INTEGER NOT NULL DEFAULT 0, mail TEXT, mail_tries INTEGER, mail_due TEXT, mail_claimed INTEGER) STRICT;
CREATE INDEX notifications_of_batch ON notifications (owner, batch_id);
CREATE INDEX notifications_by_owner ON notifications (owner, created_at, sequence);
CREATE INDEX notifications_unread ON notifications (owner, created_at, sequence) WHERE read_at IS NULL;
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
INSERT INTO changes VALUES ('conversions', 0, 0), ('notifications', 0, 0);
INSERT INTO conversions (id, owner, state, attempt, revision, body) VALUES ('c1', 'anna', 'converting', 1, 1,
  '{"id":"c1","owner":"anna","state":"converting","attempt":1,"revision":1,"fileName":"talk.mp4","source":{"kind":"blob"},"sourceBytes":1000,"options":{"format":"mp3"},"progress":0,"lostLeases":0,"warnings":[],"createdAt":"2026-05-04T03:02:01.000Z","updatedAt":"2026-05-04T03:02:01.000Z"}'
);
INSERT INTO conversions (id, owner, state, attempt, revision, body) VALUES ('c2', 'anna', 'queued', 1, 1,
  '{"id":"c2","owner":"anna","state":"queued","attempt":1,"revision":1,"fileName":"talk.mp4","source":{"kind":"blob"},"sourceBytes":1000,"options":{"format":"mp3"},"progress":0,"lostLeases":0,"warnings":[],"createdAt":"2026-05-04T03:02:01.000Z","updatedAt":"2026-05-04T03:02:01.000Z"}'
);
INSERT INTO conversions (id, owner, state, attempt, revision, body) VALUES ('c3', 'bert', 'queued', 1, 1,
  '{"id":"c3","owner":"bert","state":"queued","attempt":1,"revision":1,"fileName":"talk.mp4","source":{"kind":"blob"},"sourceBytes":1000,"options":{"format":"mp3"},"progress":0,"notBefore":"2026-05-04T04:00:00.000Z","lostLeases":0,"warnings":[],"createdAt":"2026-05-04T03:02:01.000Z","updatedAt":"2026-05-04T03:02:01.000Z"}'
);
INSERT INTO conversions (id, owner, state, attempt, revision, body) VALUES ('c4', 'anna', 'queued', 1, 1,
  '{"id":"c4","owner":"anna","state":"queued","attempt":1,"revision":1,"fileName":"talk.mp4","source":{"kind":"blob"},"sourceBytes":1000,"options":{"format":"mp3"},"progress":0,"lostLeases":0,"warnings":[],"createdAt":"2026-05-04T03:02:01.000Z","updatedAt":"2026-05-04T03:02:01.000Z"}'
);
INSERT INTO conversions (id, owner, state, attempt, revision, body) VALUES ('c5', 'bert', 'queued', 1, 1,
  '{"id":"c5","owner":"bert","state":"queued","attempt":1,"revision":1,"fileName":"talk.mp4","source":{"kind":"blob"},"sourceBytes":1000,"options":{"format":"mp3"},"progress":0,"lostLeases":0,"warnings":[],"createdAt":"2026-05-04T03:02:01.000Z","updatedAt":"2026-05-04T03:02:01.000Z"}'
);
INSERT INTO conversions (id, owner, state, attempt, revision, body) VALUES ('c6', 'cleo', 'uploading', 1, 1,
  '{"id":"c6","owner":"cleo","state":"uploading","attempt":1,"revision":1,"fileName":"talk.mp4","source":{"kind":"blob"},"sourceBytes":1000,"options":{"format":"mp3"},"progress":0,"lostLeases":0,"warnings":[],"createdAt":"2026-05-04T03:02:01.000Z","updatedAt":"2026-05-04T03:02:01.000Z"}'
);
PRAGMA user_version = 4;
