import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openAccountsDatabase } from './accounts-database.ts';
import { createSqliteCodeStore } from './sqlite-code-store.ts';
import { createSqliteSessionStore } from './sqlite-session-store.ts';
import { createSqliteUserStore } from './sqlite-user-store.ts';

const version1 = new URL('accounts-version-1.sql', import.meta.url);

describe('a database of accounts from version 1', () => {
  let folder: string;
  let file: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'soundlift-migration-'));
    file = path.join(folder, 'accounts.db');
    using database = new DatabaseSync(file);
    database.exec(await readFile(version1, 'utf8'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('keeps its accounts, whose addresses count as confirmed', async () => {
    using database = openAccountsDatabase(file);
    const users = createSqliteUserStore(database);
    expect(await users.findByEmail('anna@example.org')).toEqual({
      id: '5e1b7a52-7b62-4a43-9d4b-0d6a6c1f1a01',
      email: 'anna@example.org',
      passwordHash: '$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaA',
      admin: true,
      confirmed: true,
      mail: true,
      createdAt: '2026-05-04T03:02:01.000Z',
    });
    const bert = await users.findByEmail('bert@example.org');
    expect(bert).toMatchObject({ admin: false, confirmed: true });
    expect(await users.update(bert?.id ?? '', { confirmed: false, mail: false })).toBe(true);
  });

  it('stores sessions and codes', async () => {
    using database = openAccountsDatabase(file);
    const session = { id: 'one', userId: 'anna', revision: 1, endsAt: '2026-06-04T03:02:01.000Z' };
    await createSqliteSessionStore(database).insert(session);
    expect(await createSqliteSessionStore(database).get('one')).toEqual(session);
    expect(await createSqliteCodeStore(database).takeTry('anna', 'confirm')).toBe(false);
  });

  it('is opened while another process writes', async () => {
    openAccountsDatabase(file)[Symbol.dispose]();
    using other = new DatabaseSync(file);
    other.exec('BEGIN EXCLUSIVE');
    using database = openAccountsDatabase(file);
    expect(await createSqliteUserStore(database).get('nobody')).toBeUndefined();
  });

  it('becomes the same as a new one', () => {
    const schemaOf = (of: string): unknown => {
      using database = openAccountsDatabase(of);
      const version = database.prepare('PRAGMA user_version').get();
      return [version, ...database.prepare('SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY name').all()];
    };
    const squeezed = (schema: unknown): string => JSON.stringify(schema).replaceAll(/(\\n|\s)+/g, ' ');
    expect(squeezed(schemaOf(file))).toBe(squeezed(schemaOf(path.join(folder, 'new.db'))));
  });
});
