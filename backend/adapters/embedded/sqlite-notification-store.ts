import type { SQLOutputValue } from 'node:sqlite';
import type { Notification } from '../../../shared/api.ts';
import { isAppError } from '../../../shared/errors.ts';
import { maxNamedConversions } from '../../../shared/named-conversions.ts';
import type { NotificationRecord, NotificationStore, OutboxMail } from '../../ports/notification-store.ts';
import { fromCursor, toCursor } from '../stored-rows/page-cursor.ts';
import { readNotification, readRecord } from '../stored-rows/readable-rows.ts';
import { isStorableInteger } from '../stored-rows/storable-integers.ts';
import { createChangePositions, readInOrder } from './change-positions.ts';
import type { SqliteDatabase } from './sqlite-database.ts';
import type { SqliteRow } from './sqlite-integers.ts';

/** Sort key: when a notification was made, and its number among those of that moment. A bigint is written as a text. */
function isPlace(value: unknown): value is readonly [string, number | string] {
  if (!Array.isArray(value) || value.length !== 2) return false;
  const [createdAt, sequence]: readonly unknown[] = value;
  const isNumber =
    Number.isSafeInteger(sequence) || (typeof sequence === 'string' && /^-?[0-9]{16,19}$/.test(sequence));
  return typeof createdAt === 'string' && isNumber;
}

/** Notifications in a database that `openConversionsDatabase` opened. */
export function createSqliteNotificationStore(database: SqliteDatabase): NotificationStore {
  const insert = database.prepare(`
    INSERT INTO notifications (id, owner, batch_id, created_at, read_at, mail, ${mailColumns.join(', ')}, body)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`);
  const get = database.prepare(`SELECT ${recordColumns} FROM notifications WHERE id = ?`);
  const countOfBatch = database.prepare('SELECT count(*) AS count FROM notifications WHERE owner = ? AND batch_id = ?');
  const markRead = database.prepare(`
    UPDATE notifications SET read_at = ?
    -- The plus prevents SQLite from searching all that the owner has not read.
    WHERE id IN (SELECT value FROM json_each(?)) AND +owner = ? AND read_at IS NULL RETURNING id`);

  const changed = database.prepare(`SELECT ${shownColumns} FROM notifications WHERE owner = ? AND change > ? LIMIT ?`);
  const changedInOrder = database.prepare(
    `SELECT ${shownColumns}, change FROM notifications WHERE owner = ? AND change > ? ORDER BY change LIMIT ?`,
  );
  const positionOf = createChangePositions(database, 'notifications');

  const removeAllOf = database.prepare('DELETE FROM notifications WHERE owner = ?');
  const nextOwner = database.prepare('SELECT owner FROM notifications WHERE owner > ? ORDER BY owner LIMIT 1');
  const removeBefore = database.prepare(`
    DELETE FROM notifications WHERE sequence IN (
      SELECT sequence FROM notifications WHERE owner = ? AND created_at < ? AND mail_due IS NULL LIMIT ?
    )`);

  return {
    async insert(record) {
      const { notification: whole, outboxMail, ...rest } = record;
      const { readAt, mail, ...notification } = whole;
      const { id, batchId, createdAt } = notification;
      const body = JSON.stringify({ ...rest, notification });
      try {
        insert.run(
          id,
          record.owner,
          batchId,
          createdAt,
          readAt ?? null,
          mail ?? null,
          ...toMailColumns(outboxMail),
          body,
        );
        return true;
      } catch (error) {
        if (isAppError(error, 'taken')) return false;
        throw error;
      }
    },

    async get(id) {
      const row = get.get(id);
      return row === undefined ? undefined : read(database, row, fromRow)[0];
    },

    async countOfBatch(owner, batchId) {
      return Number(countOfBatch.get(owner, batchId)?.['count']);
    },

    async page({ owner, unread, limit, cursor }) {
      const conditions = ['owner = ?'];
      const values: (string | number)[] = [owner];
      if (unread) conditions.push('read_at IS NULL');
      if (cursor !== undefined) {
        conditions.push('(created_at, sequence) < (?, ?)');
        values.push(...fromCursor(cursor, isPlace));
      }
      // One more row than requested shows whether there is another page.
      const rows = database
        .prepare(
          `SELECT ${shownColumns}, created_at, sequence FROM notifications WHERE ${conditions.join(' AND ')}
           ORDER BY created_at DESC, sequence DESC LIMIT ?`,
        )
        .all(...values, limit + 1);
      const shown = rows.slice(0, limit);
      const items = shown.flatMap((row) => read(database, row, toNotification));
      const last = shown.at(-1);
      if (rows.length <= limit || last === undefined) return { items };
      const { created_at: createdAt, sequence } = last;
      return { items, next: toCursor([String(createdAt), typeof sequence === 'number' ? sequence : String(sequence)]) };
    },

    async changes({ owner, since, limit }) {
      const { position, after } = positionOf(since);
      // One more row than requested shows whether there are more.
      const rows = after === undefined ? [] : changed.all(owner, after, limit + 1);
      const items = rows.slice(0, limit).flatMap((row) => read(database, row, toNotification));
      const known = since === undefined || after !== undefined;
      return { items, position, complete: known && rows.length <= limit };
    },

    async changesAfter(query) {
      return readInOrder(changedInOrder, positionOf(query.since), query, (rows) =>
        rows.flatMap((row) => read(database, row, toNotification)),
      );
    },

    async removeBefore(before, limit) {
      let removed = 0;
      // From owner to owner, because the index of the times begins with the owner.
      for (let owner = nextOwner.get(''); owner !== undefined && removed < limit; ) {
        const name = String(owner['owner']);
        removed += removeBefore.run(name, before, limit - removed);
        owner = nextOwner.get(name);
      }
      return removed;
    },

    async removeAllOf(owner) {
      removeAllOf.run(owner);
    },

    async markRead(owner, ids, at) {
      return markRead.all(at, JSON.stringify(ids), owner).map((row) => String(row['id']));
    },
  };
}

/** The state of a mail in the outbox. */
export const mailColumns: readonly string[] = ['mail_revision', 'mail_tries', 'mail_due', 'mail_claimed'];

/** The columns of a notification as its owner sees it: without the list of all conversions that it covers, which may be long. */
const shownColumns = "id, CASE WHEN json_valid(body) THEN body -> '$.notification' END AS notification, read_at, mail";

/** The columns of a record. */
export const recordColumns = ['id', 'body', 'read_at', 'mail', ...mailColumns].join(', ');

/** Reads a row with `from`. If it cannot be read, reports that and returns nothing. */
export function read<Read>(database: SqliteDatabase, row: SqliteRow, from: (row: SqliteRow) => Read): Read[] {
  try {
    return [from(row)];
  } catch (cause) {
    const id = String(row['id']);
    database.skipped({ kind: 'notification', id, what: 'could not read the row of a notification', cause });
    return [];
  }
}

/** `row` has the {@link recordColumns}. Throws if it cannot be read. */
export function fromRow(row: SqliteRow): NotificationRecord {
  const record = readRecord(row['body']);
  const { mail_due: due } = row;
  return {
    ...record,
    notification: withOutcome(record.notification, row),
    ...(typeof due === 'string'
      ? {
          outboxMail: {
            revision: safe(row['mail_revision']),
            tries: safe(row['mail_tries']),
            due,
            claimed: row['mail_claimed'] === 1,
          },
        }
      : {}),
  };
}

function safe(value: SQLOutputValue | undefined): number {
  const number = Number(value);
  if (!isStorableInteger(number)) throw new Error('it has too large an integer');
  return number;
}

/** `row` has the {@link shownColumns}. Throws if it cannot be read. */
function toNotification(row: SqliteRow): Notification {
  return withOutcome(readNotification(row['notification']), row);
}

/** Adds what is in columns of its own. Earlier versions stored the ids of all conversions. */
function withOutcome(notification: Notification, { read_at: readAt, mail }: SqliteRow): Notification {
  return {
    ...notification,
    conversionIds: notification.conversionIds.slice(0, maxNamedConversions),
    ...(typeof mail === 'string' ? { mail } : {}),
    ...(typeof readAt === 'string' ? { readAt } : {}),
  };
}

/** In the order of {@link mailColumns}; empty for a mail that has ended. */
export function toMailColumns(mail: OutboxMail | undefined): readonly (number | string | null)[] {
  return mail === undefined ? [0, null, null, null] : [mail.revision, mail.tries, mail.due, mail.claimed ? 1 : 0];
}
