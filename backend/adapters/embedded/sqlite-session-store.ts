import type { SessionRecord, SessionStore, SessionTokens } from '../../ports/session-store.ts';
import { list, object, text, time } from '../stored-rows/json-shape.ts';
import { isStorableInteger } from '../stored-rows/storable-integers.ts';
import type { SqliteDatabase } from './sqlite-database.ts';
import type { SqliteRow } from './sqlite-integers.ts';

/** Sessions in a database that `openAccountsDatabase` opened. */
export function createSqliteSessionStore(database: SqliteDatabase): SessionStore {
  const insert = database.prepare(
    'INSERT INTO sessions (id, user_id, revision, tokens, ends_at) VALUES (?, ?, ?, ?, ?)',
  );
  const get = database.prepare('SELECT * FROM sessions WHERE id = ?');
  const replace = database.prepare(
    'UPDATE sessions SET revision = ?, tokens = ?, ends_at = ? WHERE id = ? AND revision = ?',
  );
  const remove = database.prepare('DELETE FROM sessions WHERE id = ?');
  const removeAllOf = database.prepare('DELETE FROM sessions WHERE user_id = ? AND id <> ?');
  const removeEnded = database.prepare('DELETE FROM sessions WHERE ends_at < ?');

  return {
    async insert({ id, userId, revision, tokens, endsAt }) {
      insert.run(id, userId, revision, toColumn(tokens), endsAt);
    },
    async get(id) {
      return fromRow(get.get(id));
    },
    async replace({ id, revision, tokens, endsAt }, expectedRevision) {
      return replace.run(revision, toColumn(tokens), endsAt, id, expectedRevision) === 1;
    },
    async remove(id) {
      remove.run(id);
    },
    async removeAllOf(userId, exceptId = '') {
      removeAllOf.run(userId, exceptId);
    },
    async removeEnded(before) {
      removeEnded.run(before);
    },
  };
}

function toColumn(tokens: SessionTokens | undefined): string | null {
  return tokens === undefined ? null : JSON.stringify(tokens);
}

function fromRow(row: SqliteRow | undefined): SessionRecord | undefined {
  // Whoever has a damaged session logs in again.
  if (row === undefined || !isStorableInteger(row['revision'])) return undefined;
  const session = {
    id: String(row['id']),
    userId: String(row['user_id']),
    revision: Number(row['revision']),
    endsAt: String(row['ends_at']),
  };
  if (row['tokens'] === null) return session;
  const tokens = readTokens(String(row['tokens']));
  return tokens === undefined ? undefined : { ...session, tokens };
}

const tokensShape = object({ family: text, unused: list(text), used: list(object({ hash: text, at: time })) });

function readTokens(json: string): SessionTokens | undefined {
  try {
    const tokens: SessionTokens = JSON.parse(json);
    return tokensShape(tokens, '').length === 0 ? tokens : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
