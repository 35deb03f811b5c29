import { z } from 'zod';
import type { SessionRecord, SessionStore, SessionTokens } from '../../ports/session-store.ts';
import { deleteInPortions, type MysqlDatabase, type MysqlRow, textOf } from './mysql-database.ts';

/** Parses JSON. */
const jsonText = z.string().transform((text, context): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue('not JSON');
    return z.NEVER;
  }
});

const tokensSchema = jsonText.pipe(
  z.object({
    family: z.string(),
    unused: z.array(z.string()),
    used: z.array(z.object({ hash: z.string(), at: z.string() })),
  }),
) satisfies z.ZodType<SessionTokens>;

/** Sessions in a database whose tables `migrateAccounts` made. */
export function createMysqlSessionStore({ ask, change }: MysqlDatabase): SessionStore {
  return {
    async insert({ id, userId, revision, tokens, endsAt }) {
      await change(
        'INSERT INTO session (id, user_id, revision, tokens, ends_at) VALUES (?, ?, ?, ?, ?)',
        id,
        userId,
        revision,
        toColumn(tokens),
        endsAt,
      );
    },

    async get(id) {
      const [row] = await ask('SELECT id, user_id, revision, tokens, ends_at FROM session WHERE id = ?', id);
      return row === undefined ? undefined : fromRow(row);
    },

    async replace({ id, revision, tokens, endsAt }, expectedRevision) {
      const { rows } = await change(
        'UPDATE session SET revision = ?, tokens = ?, ends_at = ? WHERE id = ? AND revision = ?',
        revision,
        toColumn(tokens),
        endsAt,
        id,
        expectedRevision,
      );
      return rows === 1;
    },

    async remove(id) {
      await change('DELETE FROM session WHERE id = ?', id);
    },

    async removeAllOf(userId, exceptId) {
      await change('DELETE FROM session WHERE user_id = ? AND NOT id <=> ?', userId, exceptId ?? null);
    },

    async removeEnded(before) {
      await deleteInPortions(change, 'session WHERE ends_at < ? ORDER BY ends_at', before);
    },
  };
}

function toColumn(tokens: SessionTokens | undefined): string | null {
  return tokens === undefined ? null : JSON.stringify(tokens);
}

/** A session that cannot be read counts as ended, so its owner signs in again. */
function fromRow(row: MysqlRow): SessionRecord | undefined {
  const session = {
    id: textOf(row, 'id'),
    userId: textOf(row, 'user_id'),
    revision: Number(row['revision']),
    endsAt: textOf(row, 'ends_at'),
  };
  if (row['tokens'] === null) return session;
  const { data: tokens } = tokensSchema.safeParse(textOf(row, 'tokens'));
  return tokens === undefined ? undefined : { ...session, tokens };
}
