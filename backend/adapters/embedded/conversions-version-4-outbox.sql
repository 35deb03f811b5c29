-- A database of conversions with mails in its outbox as version 4 left it on people's disks. Never to be edited.
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
INSERT INTO conversions (id, owner, state, attempt, revision, batch_id, batch_size, ended_at, notification_id, removed_at, body, peaks, change) VALUES (
  '019df5a1-2f10-7000-8000-000000000001', 'anna', 'queued', 2, 7, NULL, NULL, NULL, NULL, NULL, '{"id":"019df5a1-2f10-7000-8000-000000000001","owner":"anna","state":"queued","attempt":2,"revision":7,"fileName":"talk.mp4","source":{"kind":"blob"},"sourceBytes":1000,"options":{"format":"mp3"},"progress":0,"notBefore":"2026-05-04T03:06:00.000Z","lostLeases":1,"warnings":[],"createdAt":"2026-05-04T03:02:01.000Z","updatedAt":"2026-05-04T03:02:01.000Z"}', NULL, 1
);
CREATE TABLE notifications (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,
    batch_id TEXT NOT NULL,
    created_at TEXT NOT NULL,
    read_at TEXT,
    body TEXT NOT NULL
  , change INTEGER NOT NULL DEFAULT 0, mail TEXT, mail_tries INTEGER, mail_due TEXT, mail_claimed INTEGER) STRICT;
INSERT INTO notifications (sequence, id, owner, batch_id, created_at, read_at, body, change, mail, mail_tries, mail_due, mail_claimed) VALUES (
  1, 'waiting', 'anna', 'batch of waiting', '2026-05-04T03:05:01.000Z', NULL, '{"owner":"anna","told":[{"conversionId":"c","attempt":1}],"notification":{"id":"waiting","kind":"one","batchId":"batch of waiting","conversionIds":["c"],"counts":{"done":1,"failed":0,"warned":0},"seconds":61.5,"bytes":500,"message":"talk.mp3 is ready.","createdAt":"2026-05-04T03:05:01.000Z"}}', 1, NULL, 0, '2026-05-04T03:05:01.000Z', 0
);
INSERT INTO notifications (sequence, id, owner, batch_id, created_at, read_at, body, change, mail, mail_tries, mail_due, mail_claimed) VALUES (
  2, 'claimed', 'anna', 'batch of claimed', '2026-05-04T03:05:01.000Z', NULL, '{"owner":"anna","told":[{"conversionId":"c","attempt":1}],"notification":{"id":"claimed","kind":"one","batchId":"batch of claimed","conversionIds":["c"],"counts":{"done":1,"failed":0,"warned":0},"seconds":61.5,"bytes":500,"message":"talk.mp3 is ready.","createdAt":"2026-05-04T03:05:01.000Z"}}', 2, NULL, 2, '2026-05-04T03:08:01.000Z', 1
);
INSERT INTO notifications (sequence, id, owner, batch_id, created_at, read_at, body, change, mail, mail_tries, mail_due, mail_claimed) VALUES (
  3, 'sent', 'anna', 'batch of sent', '2026-05-04T03:05:01.000Z', NULL, '{"owner":"anna","told":[{"conversionId":"c","attempt":1}],"notification":{"id":"sent","kind":"one","batchId":"batch of sent","conversionIds":["c"],"counts":{"done":1,"failed":0,"warned":0},"seconds":61.5,"bytes":500,"message":"talk.mp3 is ready.","createdAt":"2026-05-04T03:05:01.000Z"}}', 3, 'sent', NULL, NULL, NULL
);
CREATE TABLE changes (
    of TEXT NOT NULL PRIMARY KEY,
    latest INTEGER NOT NULL,
    -- The highest number whose row was deleted.
    forgotten INTEGER NOT NULL
  ) STRICT;
INSERT INTO changes (of, latest, forgotten) VALUES (
  'conversions', 1, 0
);
INSERT INTO changes (of, latest, forgotten) VALUES (
  'notifications', 3, 0
);
CREATE TABLE starts (
    ordinal INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    conversions INTEGER NOT NULL,
    notifications INTEGER NOT NULL
  ) STRICT;
INSERT INTO starts (ordinal, name, conversions, notifications) VALUES (
  1, 'f75900ea7c9c567d', 0, 0
);
CREATE INDEX conversions_by_state ON conversions (state, id);
CREATE INDEX conversions_by_owner ON conversions (owner, id) WHERE removed_at IS NULL;
CREATE INDEX conversions_by_owner_and_state ON conversions (owner, state, id) WHERE removed_at IS NULL;
CREATE INDEX conversions_of_batch
    ON conversions (owner, batch_id, id, state, removed_at, ended_at, notification_id, batch_size)
    WHERE batch_id IS NOT NULL;
CREATE INDEX conversions_untold ON conversions (id)
    WHERE state IN ('done', 'failed') AND removed_at IS NULL AND notification_id IS NULL;
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
PRAGMA user_version = 4;
