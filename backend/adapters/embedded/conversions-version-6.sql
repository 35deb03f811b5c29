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
INSERT INTO conversions (id, owner, state, attempt, revision, batch_id, batch_size, ended_at, notification_id, removed_at, body, peaks, change, turn, not_before) VALUES ('c1', 'anna', 'done', 1, 4, NULL, NULL, '2026-05-01T00:00:00.000Z', 'n1', NULL, '{"owner":"anna","attempt":1,"revision":4,"fileName":"talk.mp4","source":{"kind":"blob"},"sourceBytes":1000,"options":{"format":"mp3"},"progress":0,"lostLeases":0,"warnings":[],"createdAt":"2026-05-04T03:02:01.000Z","updatedAt":"2026-05-04T03:02:01.000Z","id":"c1","state":"done","endedAt":"2026-05-01T00:00:00.000Z","sourceGone":true,"result":{"fileName":"talk.mp3","bytes":5,"durationSeconds":2,"sha256":"ab","peaks":[]},"notificationId":"n1"}', X'0102', 1, 1, NULL);
INSERT INTO conversions (id, owner, state, attempt, revision, batch_id, batch_size, ended_at, notification_id, removed_at, body, peaks, change, turn, not_before) VALUES ('c2', 'anna', 'done', 1, 4, 'b', 2, '2026-05-03T00:00:00.000Z', NULL, NULL, '{"owner":"anna","attempt":1,"revision":4,"fileName":"talk.mp4","source":{"kind":"blob"},"sourceBytes":1000,"options":{"format":"mp3"},"progress":0,"lostLeases":0,"warnings":[],"createdAt":"2026-05-04T03:02:01.000Z","updatedAt":"2026-05-04T03:02:01.000Z","id":"c2","state":"done","endedAt":"2026-05-03T00:00:00.000Z","sourceGone":true,"result":{"fileName":"talk.mp3","bytes":5,"durationSeconds":2,"sha256":"ab","peaks":[]},"batchId":"b","batchSize":2}', X'', 2, 2, NULL);
INSERT INTO conversions (id, owner, state, attempt, revision, batch_id, batch_size, ended_at, notification_id, removed_at, body, peaks, change, turn, not_before) VALUES ('c3', 'anna', 'failed', 1, 4, 'b', 2, '2026-05-01T00:00:00.000Z', NULL, NULL, '{"owner":"anna","attempt":1,"revision":4,"fileName":"talk.mp4","source":{"kind":"blob"},"sourceBytes":1000,"options":{"format":"mp3"},"progress":0,"lostLeases":0,"warnings":[],"createdAt":"2026-05-04T03:02:01.000Z","updatedAt":"2026-05-04T03:02:01.000Z","id":"c3","state":"failed","endedAt":"2026-05-01T00:00:00.000Z","error":{"code":"no_audio","message":"There is no sound in this video."},"batchId":"b","batchSize":2}', NULL, 3, 3, NULL);
INSERT INTO conversions (id, owner, state, attempt, revision, batch_id, batch_size, ended_at, notification_id, removed_at, body, peaks, change, turn, not_before) VALUES ('c4', 'anna', 'cancelled', 1, 4, NULL, NULL, '2026-05-01T00:00:00.000Z', NULL, '2026-05-03T00:00:00.000Z', '{"owner":"anna","attempt":1,"revision":4,"fileName":"talk.mp4","source":{"kind":"blob"},"sourceBytes":1000,"options":{"format":"mp3"},"progress":0,"lostLeases":0,"warnings":[],"createdAt":"2026-05-04T03:02:01.000Z","updatedAt":"2026-05-04T03:02:01.000Z","id":"c4","state":"cancelled","endedAt":"2026-05-01T00:00:00.000Z","sourceGone":true,"removedAt":"2026-05-03T00:00:00.000Z"}', NULL, 4, NULL, NULL);
INSERT INTO conversions (id, owner, state, attempt, revision, batch_id, batch_size, ended_at, notification_id, removed_at, body, peaks, change, turn, not_before) VALUES ('c5', 'anna', 'queued', 1, 4, NULL, NULL, NULL, NULL, NULL, '{"owner":"anna","attempt":1,"revision":4,"fileName":"talk.mp4","source":{"kind":"blob"},"sourceBytes":1000,"options":{"format":"mp3"},"progress":0,"lostLeases":0,"warnings":[],"createdAt":"2026-05-04T03:02:01.000Z","updatedAt":"2026-05-04T03:02:01.000Z","id":"c5","state":"queued"}', NULL, 5, 4, NULL);
INSERT INTO conversions (id, owner, state, attempt, revision, batch_id, batch_size, ended_at, notification_id, removed_at, body, peaks, change, turn, not_before) VALUES ('c6', 'bert', 'queued', 1, 4, NULL, NULL, NULL, NULL, NULL, '{"owner":"bert","attempt":1,"revision":4,"fileName":"talk.mp4","source":{"kind":"blob"},"sourceBytes":1000,"options":{"format":"mp3"},"progress":0,"lostLeases":0,"warnings":[],"createdAt":"2026-05-04T03:02:01.000Z","updatedAt":"2026-05-04T03:02:01.000Z","id":"c6","state":"queued"}', NULL, 6, 3, NULL);
INSERT INTO notifications (sequence, id, owner, batch_id, created_at, read_at, body, change, mail, mail_tries, mail_due, mail_claimed, mail_revision) VALUES (1, 'n1', 'anna', 'large', '2026-05-03T00:00:00.000Z', NULL, '{"owner":"anna","told":[{"conversionId":"t0","attempt":1},{"conversionId":"t1","attempt":1},{"conversionId":"t2","attempt":1},{"conversionId":"t3","attempt":1},{"conversionId":"t4","attempt":1},{"conversionId":"t5","attempt":1},{"conversionId":"t6","attempt":1},{"conversionId":"t7","attempt":1},{"conversionId":"t8","attempt":1},{"conversionId":"t9","attempt":1},{"conversionId":"t10","attempt":1},{"conversionId":"t11","attempt":1},{"conversionId":"t12","attempt":1},{"conversionId":"t13","attempt":1},{"conversionId":"t14","attempt":1},{"conversionId":"t15","attempt":1},{"conversionId":"t16","attempt":1},{"conversionId":"t17","attempt":1},{"conversionId":"t18","attempt":1},{"conversionId":"t19","attempt":1},{"conversionId":"t20","attempt":1},{"conversionId":"t21","attempt":1},{"conversionId":"t22","attempt":1},{"conversionId":"t23","attempt":1},{"conversionId":"t24","attempt":1},{"conversionId":"t25","attempt":1},{"conversionId":"t26","attempt":1},{"conversionId":"t27","attempt":1},{"conversionId":"t28","attempt":1},{"conversionId":"t29","attempt":1},{"conversionId":"t30","attempt":1},{"conversionId":"t31","attempt":1},{"conversionId":"t32","attempt":1},{"conversionId":"t33","attempt":1},{"conversionId":"t34","attempt":1},{"conversionId":"t35","attempt":1},{"conversionId":"t36","attempt":1},{"conversionId":"t37","attempt":1},{"conversionId":"t38","attempt":1},{"conversionId":"t39","attempt":1},{"conversionId":"t40","attempt":1},{"conversionId":"t41","attempt":1},{"conversionId":"t42","attempt":1},{"conversionId":"t43","attempt":1},{"conversionId":"t44","attempt":1},{"conversionId":"t45","attempt":1},{"conversionId":"t46","attempt":1},{"conversionId":"t47","attempt":1},{"conversionId":"t48","attempt":1},{"conversionId":"t49","attempt":1},{"conversionId":"t50","attempt":1},{"conversionId":"t51","attempt":1},{"conversionId":"t52","attempt":1},{"conversionId":"t53","attempt":1},{"conversionId":"t54","attempt":1},{"conversionId":"t55","attempt":1},{"conversionId":"t56","attempt":1},{"conversionId":"t57","attempt":1},{"conversionId":"t58","attempt":1},{"conversionId":"t59","attempt":1},{"conversionId":"t60","attempt":1},{"conversionId":"t61","attempt":1},{"conversionId":"t62","attempt":1},{"conversionId":"t63","attempt":1},{"conversionId":"t64","attempt":1},{"conversionId":"t65","attempt":1},{"conversionId":"t66","attempt":1},{"conversionId":"t67","attempt":1},{"conversionId":"t68","attempt":1},{"conversionId":"t69","attempt":1},{"conversionId":"t70","attempt":1},{"conversionId":"t71","attempt":1},{"conversionId":"t72","attempt":1},{"conversionId":"t73","attempt":1},{"conversionId":"t74","attempt":1},{"conversionId":"t75","attempt":1},{"conversionId":"t76","attempt":1},{"conversionId":"t77","attempt":1},{"conversionId":"t78","attempt":1},{"conversionId":"t79","attempt":1},{"conversionId":"t80","attempt":1},{"conversionId":"t81","attempt":1},{"conversionId":"t82","attempt":1},{"conversionId":"t83","attempt":1},{"conversionId":"t84","attempt":1},{"conversionId":"t85","attempt":1},{"conversionId":"t86","attempt":1},{"conversionId":"t87","attempt":1},{"conversionId":"t88","attempt":1},{"conversionId":"t89","attempt":1},{"conversionId":"t90","attempt":1},{"conversionId":"t91","attempt":1},{"conversionId":"t92","attempt":1},{"conversionId":"t93","attempt":1},{"conversionId":"t94","attempt":1},{"conversionId":"t95","attempt":1},{"conversionId":"t96","attempt":1},{"conversionId":"t97","attempt":1},{"conversionId":"t98","attempt":1},{"conversionId":"t99","attempt":1},{"conversionId":"t100","attempt":1},{"conversionId":"t101","attempt":1},{"conversionId":"t102","attempt":1},{"conversionId":"t103","attempt":1},{"conversionId":"t104","attempt":1},{"conversionId":"t105","attempt":1},{"conversionId":"t106","attempt":1},{"conversionId":"t107","attempt":1},{"conversionId":"t108","attempt":1},{"conversionId":"t109","attempt":1},{"conversionId":"t110","attempt":1},{"conversionId":"t111","attempt":1},{"conversionId":"t112","attempt":1},{"conversionId":"t113","attempt":1},{"conversionId":"t114","attempt":1},{"conversionId":"t115","attempt":1},{"conversionId":"t116","attempt":1},{"conversionId":"t117","attempt":1},{"conversionId":"t118","attempt":1},{"conversionId":"t119","attempt":1},{"conversionId":"t120","attempt":1},{"conversionId":"t121","attempt":1},{"conversionId":"t122","attempt":1},{"conversionId":"t123","attempt":1},{"conversionId":"t124","attempt":1},{"conversionId":"t125","attempt":1},{"conversionId":"t126","attempt":1},{"conversionId":"t127","attempt":1},{"conversionId":"t128","attempt":1},{"conversionId":"t129","attempt":1}],"notification":{"id":"n1","kind":"batch","batchId":"large","conversionIds":["t0","t1","t2","t3","t4","t5","t6","t7","t8","t9","t10","t11","t12","t13","t14","t15","t16","t17","t18","t19","t20","t21","t22","t23","t24","t25","t26","t27","t28","t29","t30","t31","t32","t33","t34","t35","t36","t37","t38","t39","t40","t41","t42","t43","t44","t45","t46","t47","t48","t49","t50","t51","t52","t53","t54","t55","t56","t57","t58","t59","t60","t61","t62","t63","t64","t65","t66","t67","t68","t69","t70","t71","t72","t73","t74","t75","t76","t77","t78","t79","t80","t81","t82","t83","t84","t85","t86","t87","t88","t89","t90","t91","t92","t93","t94","t95","t96","t97","t98","t99","t100","t101","t102","t103","t104","t105","t106","t107","t108","t109","t110","t111","t112","t113","t114","t115","t116","t117","t118","t119","t120","t121","t122","t123","t124","t125","t126","t127","t128","t129"],"counts":{"done":130,"failed":0,"warned":0},"seconds":3,"bytes":4,"message":"130 files are ready.","createdAt":"2026-05-03T00:00:00.000Z"}}', 1, NULL, NULL, NULL, NULL, 0);
INSERT INTO changes (of, latest, forgotten) VALUES ('conversions', 6, 0);
INSERT INTO changes (of, latest, forgotten) VALUES ('notifications', 1, 0);
INSERT INTO starts (ordinal, name, conversions, notifications) VALUES (1, '6d7788d3b16bb8ca', 0, 0);
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
PRAGMA user_version = 6;
