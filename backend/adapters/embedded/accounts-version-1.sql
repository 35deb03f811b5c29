-- A database of accounts as version 1 left it on people's disks. Never to be edited.
PRAGMA user_version = 1;
CREATE TABLE users (
    id TEXT NOT NULL PRIMARY KEY,
    email TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    admin INTEGER NOT NULL,
    created_at TEXT NOT NULL
  ) STRICT;
INSERT INTO users VALUES('5e1b7a52-7b62-4a43-9d4b-0d6a6c1f1a01','anna@example.org','$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaA',1,'2026-05-04T03:02:01.000Z');
INSERT INTO users VALUES('5e1b7a52-7b62-4a43-9d4b-0d6a6c1f1a02','bert@example.org','$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaB',0,'2026-05-05T03:02:01.000Z');
