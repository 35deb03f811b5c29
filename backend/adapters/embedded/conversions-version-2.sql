-- A database of conversions as version 2 left it on people's disks. Never to be edited.
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
CREATE INDEX conversions_of_batch
    ON conversions (owner, batch_id, id, state, removed_at, ended_at, notification_id, batch_size)
    WHERE batch_id IS NOT NULL;
CREATE INDEX conversions_untold ON conversions (id)
    WHERE state IN ('done', 'failed') AND removed_at IS NULL AND notification_id IS NULL;
INSERT INTO conversions VALUES (
  '019df5a1-2f10-7000-8000-000000000001', 'local', 'queued', 1, 1, NULL, NULL, NULL, NULL, NULL,
  '{"id":"019df5a1-2f10-7000-8000-000000000001","owner":"local","state":"queued","attempt":1,"revision":1,"fileName":"talk.mp4","source":{"kind":"file","path":"/home/anna/talk.mp4"},"sourceBytes":1000,"options":{"format":"mp3"},"progress":0,"lostLeases":0,"warnings":[],"createdAt":"2026-05-04T03:02:01.000Z","updatedAt":"2026-05-04T03:02:01.000Z"}',
  NULL
);
INSERT INTO conversions VALUES (
  '019df5a1-2f10-7000-8000-000000000002', 'anna', 'done', 2, 9, 'batch', 3, '2026-05-04T03:05:00.000Z', NULL, NULL,
  '{"id":"019df5a1-2f10-7000-8000-000000000002","owner":"anna","state":"done","attempt":2,"revision":9,"fileName":"Übung.mkv","source":{"kind":"blob"},"sourceBytes":2000,"batchId":"batch","batchSize":3,"options":{"format":"mp3","bitrateKbps":128},"durationSeconds":61.5,"progress":1,"lostLeases":1,"result":{"fileName":"Übung.mp3","bytes":500,"durationSeconds":61.5,"sha256":"ab","peaks":[]},"warnings":[],"createdAt":"2026-05-04T03:02:02.000Z","updatedAt":"2026-05-04T03:05:00.000Z","endedAt":"2026-05-04T03:05:00.000Z"}',
  x'0007FF'
);
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
INSERT INTO notifications (id, owner, batch_id, created_at, read_at, body) VALUES (
  'told-1', 'anna', 'batch', '2026-05-04T03:05:01.000Z', '2026-05-04T04:00:00.000Z',
  '{"owner":"anna","notification":{"id":"told-1","kind":"one","batchId":"batch","conversionIds":["019df5a1-2f10-7000-8000-000000000002"],"counts":{"done":1,"failed":0,"warned":0},"seconds":61.5,"bytes":500,"message":"Übung.mp3 is ready.","createdAt":"2026-05-04T03:05:01.000Z"},"told":[{"conversionId":"019df5a1-2f10-7000-8000-000000000002","attempt":2}]}'
);
PRAGMA user_version = 2;
