import type { ConversionStore } from '../../ports/conversion-store.ts';
import { fromCursor, toCursor } from '../stored-rows/page-cursor.ts';
import { createChangePositions, readInOrder } from './change-positions.ts';
import { createConversionReader, isSetAside, versionColumns } from './conversion-reader.ts';
import { uploadKey } from './conversions-database.ts';
import { createBatchEnds } from './sqlite-batch-ends.ts';
import {
  active,
  atVersion,
  columns,
  fewerThan,
  fromRow,
  parameterOf,
  toExpected,
  toRow,
} from './sqlite-conversion-rows.ts';
import { createConversionScans } from './sqlite-conversion-scans.ts';
import type { SqliteDatabase } from './sqlite-database.ts';
import { createQueueReading } from './sqlite-queue-reading.ts';

/** Sort key: the id. */
function isPlace(value: unknown): value is readonly [string] {
  return Array.isArray(value) && value.length === 1 && typeof value[0] === 'string';
}

/** Conversions in a database that `openConversionsDatabase` opened. */
export function createSqliteConversionStore(database: SqliteDatabase): ConversionStore {
  const insert = database.prepare(
    `INSERT INTO conversions (${columns.join(', ')}) VALUES (${columns.map(parameterOf).join(', ')})`,
  );
  // One statement, so that no other insertion comes between the count and this one.
  const insertAmong = database.prepare(
    `INSERT INTO conversions (${columns.join(', ')}) SELECT ${columns.map(parameterOf).join(', ')} WHERE ${fewerThan(columns.length + 1)}`,
  );
  const get = database.prepare(`SELECT ${versionColumns}, body, turn, peaks FROM conversions WHERE id = ?`);
  const getByUploadKey = database.prepare(
    `SELECT ${versionColumns}, body, turn, peaks FROM conversions WHERE owner = ? AND ${uploadKey} = ?`,
  );
  const replace = database.prepare(
    `UPDATE conversions SET ${columns.map((column) => `${column} = ${parameterOf(column)}`).join(', ')} WHERE ${atVersion(columns.length)}`,
  );
  const forget = database.prepare(`DELETE FROM conversions WHERE ${atVersion(0)} AND removed_at IS NOT NULL`);
  const unfinished = database.prepare(
    `SELECT ${versionColumns}, body, turn FROM conversions WHERE owner = ? AND ${active} AND removed_at IS NULL LIMIT ?`,
  );
  const changed = database.prepare(
    `SELECT ${versionColumns}, body, turn, change FROM conversions WHERE owner = ? AND change > ? LIMIT ?`,
  );
  const forgetUnreadable = database.prepare(`DELETE FROM conversions WHERE owner = ? AND ${isSetAside}`);
  const reader = createConversionReader(database, fromRow);
  const changedInOrder = database.prepare(
    `SELECT ${versionColumns}, body, turn, change FROM conversions WHERE owner = ? AND change > ? ORDER BY change LIMIT ?`,
  );
  const positionOf = createChangePositions(database, 'conversions');

  return {
    ...createQueueReading(database),
    ...createConversionScans(database),
    ...createBatchEnds(database),

    async insert(row, most) {
      return (most === undefined ? insert.run(...toRow(row)) : insertAmong.run(...toRow(row), most)) === 1;
    },

    async get(id) {
      const row = get.get(id);
      return row === undefined ? undefined : reader.one(row);
    },

    async getByUploadKey(owner, key) {
      const row = getByUploadKey.get(owner, key);
      return row === undefined ? undefined : reader.one(row);
    },

    async replace(expected, next) {
      return replace.run(...toRow(next), ...toExpected(expected)) === 1;
    },

    async page({ owner, state, batchId, limit, cursor }) {
      const conditions = ['owner = ?', 'removed_at IS NULL'];
      const values: string[] = [owner];
      if (state !== undefined) {
        // The plus prevents SQLite from searching by state when it can search by batch, which has fewer rows.
        conditions.push(batchId === undefined ? 'state = ?' : '+state = ?');
        values.push(state);
      }
      if (batchId !== undefined) {
        conditions.push('batch_id = ?');
        values.push(batchId);
      }
      if (cursor !== undefined) {
        conditions.push('id < ?');
        values.push(...fromCursor(cursor, isPlace));
      }
      // One more row than requested shows whether there is another page.
      const rows = database
        .prepare(
          `SELECT ${versionColumns}, body, turn FROM conversions WHERE ${conditions.join(' AND ')} ORDER BY id DESC LIMIT ?`,
        )
        .all(...values, limit + 1);
      const shown = rows.slice(0, limit);
      const items = reader.all(shown);
      const last = shown.at(-1);
      return rows.length > limit && last !== undefined ? { items, next: toCursor([String(last['id'])]) } : { items };
    },

    async changes({ owner, since, limit }) {
      const { position, after } = positionOf(since);
      // One more row than requested shows whether there are more.
      const rows = unfinished.all(owner, limit + 1);
      const changedRows = after === undefined ? [] : changed.all(owner, after, limit + 1);
      const found = new Map([...rows, ...changedRows].map((row) => [row['id'], row]));
      const items = reader.all([...found.values()].slice(0, limit));
      const known = since === undefined || after !== undefined;
      return { items, position, complete: known && found.size <= limit };
    },

    async changesAfter(query) {
      return readInOrder(changedInOrder, positionOf(query.since), query, reader.all);
    },

    async forget(expected) {
      return forget.run(...toExpected(expected)) === 1;
    },

    async forgetUnreadable(owner) {
      forgetUnreadable.run(owner);
    },
  };
}
