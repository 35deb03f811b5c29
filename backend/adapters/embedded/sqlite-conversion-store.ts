import { setImmediate } from 'node:timers/promises';
import { z } from 'zod';
import type { ConversionState } from '../../../shared/api.ts';
import type {
  ConversionRow,
  ConversionStore,
  ConversionVersion,
  ScanKind,
  ScannedRow,
} from '../../ports/conversion-store.ts';
import { createChangePositions } from './change-positions.ts';
import { fromCursor, toCursor } from './page-cursor.ts';
import type { SqliteDatabase, SqliteRow } from './sqlite-database.ts';

/** How many rows of a scan are in memory at a time. */
const scanPortion = 200;

const placeSchema = z.tuple([z.string()]);

const columns = [
  'id',
  'owner',
  'state',
  'attempt',
  'revision',
  'batch_id',
  'batch_size',
  'ended_at',
  'notification_id',
  'removed_at',
  'not_before',
  'turn',
  'body',
  'peaks',
] as const;
type Column = (typeof columns)[number];

/** The parameter of a column, where a row comes as `toRow` gives it. */
function parameterOf(column: Column): string {
  return `?${columns.indexOf(column) + 1}`;
}

/** Gives a row that is queued without a turn its turn; any other row keeps what it has. */
const turn = `CASE
  WHEN ${parameterOf('turn')} IS NOT NULL OR ${parameterOf('state')} <> 'queued' THEN ${parameterOf('turn')}
  ELSE max(
    coalesce((SELECT max(turn) FROM conversions WHERE owner = ${parameterOf('owner')} AND turn IS NOT NULL), 0) + 1,
    coalesce((
      SELECT turn + (owner >= ${parameterOf('owner')}) FROM conversions
      WHERE turn IS NOT NULL AND state <> 'queued' ORDER BY turn DESC, owner DESC LIMIT 1
    ), 1)
  )
END`;
function writtenOf(column: Column): string {
  return column === 'turn' ? turn : parameterOf(column);
}

/** With the parameters that follow the first `after`. */
function atVersion(after: number): string {
  return ['id', 'state', 'attempt', 'revision']
    .map((column, index) => `${column} = ?${after + index + 1}`)
    .join(' AND ');
}
/** The words of the index conversions_untold_batches. */
const untold = "state IN ('done', 'failed') AND removed_at IS NULL AND notification_id IS NULL";
/** What names a batch of an owner's. */
const batch = 'coalesce(batch_id, id)';
const active = "state IN ('uploading', 'queued', 'converting')";

const scannedFields = [
  'id',
  'owner',
  'state',
  'attempt',
  'revision',
  'batchId',
  'source',
  'sourceGone',
  'upload',
  'notBefore',
  'endedAt',
  'removedAt',
] as const satisfies readonly (keyof ScannedRow)[];
/** SQLite picks them out of the body, most of which is of no use to a scan. The patch leaves out those that are absent. */
const scannedColumn = `json_patch('{}', json_object(${scannedFields.map((field) => `'${field}', body -> '$.${field}'`).join(', ')})) AS scanned`;

/** By id, which is how each state's rows lie in the index: SQLite has only to merge them. */
function scanOf(...states: readonly ConversionState[]): string {
  const searches = states.map(
    (state) => `SELECT id, ${scannedColumn} FROM conversions WHERE state = '${state}' AND id > ?1`,
  );
  return `${searches.join(' UNION ALL ')} ORDER BY id LIMIT ?2`;
}

const scans: Readonly<Record<ScanKind, string>> = {
  working: scanOf('uploading', 'converting'),
  queued: scanOf('queued'),
  ended: scanOf('done', 'failed', 'cancelled'),
};

/** Conversions in a database that `openConversionsDatabase` opened. */
export function createSqliteConversionStore(database: SqliteDatabase): ConversionStore {
  const insert = database.prepare(
    `INSERT INTO conversions (${columns.join(', ')}) VALUES (${columns.map(writtenOf).join(', ')})`,
  );
  const get = database.prepare('SELECT body, turn, peaks FROM conversions WHERE id = ?');
  const replace = database.prepare(
    `UPDATE conversions SET ${columns.map((column) => `${column} = ${writtenOf(column)}`).join(', ')} WHERE ${atVersion(columns.length)}`,
  );
  const forget = database.prepare(`DELETE FROM conversions WHERE ${atVersion(0)} AND removed_at IS NOT NULL`);
  const firstDue = database.prepare(
    `SELECT body, turn FROM conversions INDEXED BY conversions_by_turn
     WHERE state = 'queued' AND (not_before IS NULL OR not_before <= ?) ORDER BY turn, owner LIMIT 1`,
  );
  const firstToBeDue = database.prepare(
    `SELECT body, turn FROM conversions INDEXED BY conversions_by_due_time
     WHERE state = 'queued' AND not_before IS NOT NULL ORDER BY not_before LIMIT 1`,
  );
  const scanIds = database.prepare(
    `SELECT ${scannedColumn} FROM conversions WHERE id IN (SELECT value FROM json_each(?))`,
  );
  const countActive = database.prepare(
    `SELECT state, count(*) AS count FROM conversions WHERE ${active} GROUP BY state`,
  );
  const countQueuedBefore = database.prepare(
    `SELECT count(*) AS count FROM conversions AS this, conversions AS other INDEXED BY conversions_by_turn
     WHERE this.id = ? AND other.state = 'queued' AND (other.turn, other.owner) < (this.turn, this.owner)`,
  );
  // From batch to batch, past all other rows of each.
  const nextUntoldBatch = database.prepare(
    `SELECT owner, ${batch} AS batch, id FROM conversions INDEXED BY conversions_untold_batches
     WHERE ${untold} AND owner = ? AND ${batch} > ? ORDER BY ${batch}, id LIMIT 1`,
  );
  const nextUntoldOwner = database.prepare(
    `SELECT owner, ${batch} AS batch, id FROM conversions INDEXED BY conversions_untold_batches
     WHERE ${untold} AND owner > ? ORDER BY owner, ${batch}, id LIMIT 1`,
  );
  const batchSummary = database.prepare(`
    SELECT
      count(*) FILTER (WHERE ${active}) AS active,
      count(*) FILTER (WHERE NOT ${active}) AS ended,
      count(*) FILTER (WHERE ${untold}) AS untold,
      max(ended_at) AS last_ended_at,
      max(batch_size) AS batch_size
    FROM conversions WHERE owner = ? AND batch_id = ?`);
  const untoldOfBatch = database.prepare(
    `SELECT body, turn FROM conversions WHERE owner = ? AND batch_id = ? AND ${untold} ORDER BY id`,
  );

  const unfinished = database.prepare(
    `SELECT body, turn FROM conversions WHERE owner = ? AND ${active} AND removed_at IS NULL LIMIT ?`,
  );
  const changed = database.prepare('SELECT body, turn FROM conversions WHERE owner = ? AND change > ? LIMIT ?');
  const positionOf = createChangePositions(database, 'conversions');

  return {
    async insert(record) {
      insert.run(...toRow(record));
    },

    async get(id) {
      const row = get.get(id);
      return row === undefined ? undefined : fromRow(row);
    },

    async replace(expected, next) {
      return replace.run(...toRow(next), ...toExpected(expected)) === 1;
    },

    async page({ owner, state, batchId, limit, cursor }) {
      const conditions = ['owner = ?', 'removed_at IS NULL'];
      const values: string[] = [owner];
      if (state !== undefined) {
        // The plus keeps SQLite from searching by state where it can search by batch, which has fewer.
        conditions.push(batchId === undefined ? 'state = ?' : '+state = ?');
        values.push(state);
      }
      if (batchId !== undefined) {
        conditions.push('batch_id = ?');
        values.push(batchId);
      }
      if (cursor !== undefined) {
        conditions.push('id < ?');
        values.push(...fromCursor(cursor, placeSchema));
      }
      // One more than asked for tells whether another page follows.
      const rows = database
        .prepare(`SELECT body, turn FROM conversions WHERE ${conditions.join(' AND ')} ORDER BY id DESC LIMIT ?`)
        .all(...values, limit + 1);
      const items = rows.slice(0, limit).map(fromRow);
      const last = items.at(-1);
      return rows.length > limit && last !== undefined ? { items, next: toCursor([last.id]) } : { items };
    },

    async changes({ owner, since, limit }) {
      const { position, after } = positionOf(since);
      // One more than asked for tells whether there are more.
      const rows = unfinished.all(owner, limit + 1);
      const changedRows = after === undefined ? [] : changed.all(owner, after, limit + 1);
      const items = new Map([...rows, ...changedRows].map(fromRow).map((record) => [record.id, record]));
      const known = since === undefined || after !== undefined;
      return { items: [...items.values()].slice(0, limit), position, complete: known && items.size <= limit };
    },

    async *scan(kind) {
      const portion = database.prepare(scans[kind]);
      let after = '';
      for (;;) {
        const rows = portion.all(after, scanPortion).map(toScanned);
        yield* rows;
        const last = rows.at(-1);
        if (last === undefined || rows.length < scanPortion) return;
        after = last.id;
        // SQLite answers without ever waiting: without this, a long scan would keep everyone else from running.
        await setImmediate();
      }
    },

    async scanIds(ids) {
      return scanIds.all(JSON.stringify(ids)).map(toScanned);
    },

    async countActive() {
      const counts = new Map(countActive.all().map(({ state, count }) => [state, Number(count)]));
      const of = (state: ConversionState): number => counts.get(state) ?? 0;
      return { uploading: of('uploading'), queued: of('queued'), converting: of('converting') };
    },

    async nextQueued(now) {
      const row = firstDue.get(now) ?? firstToBeDue.get();
      return row === undefined ? undefined : fromRow(row);
    },

    async *untoldBatches() {
      let owner = '';
      let batch = '';
      for (let count = 1; ; count += 1) {
        const next = nextUntoldBatch.get(owner, batch) ?? nextUntoldOwner.get(owner);
        if (next === undefined) return;
        [owner, batch] = [String(next['owner']), String(next['batch'])];
        yield { id: String(next['id']) };
        if (count % scanPortion === 0) await setImmediate();
      }
    },

    async countQueuedBefore(id) {
      return Number(countQueuedBefore.get(id)?.['count']);
    },

    async batchSummary(owner, batchId) {
      const row = batchSummary.get(owner, batchId);
      const lastEndedAt = row?.['last_ended_at'];
      const batchSize = row?.['batch_size'];
      return {
        active: Number(row?.['active']),
        ended: Number(row?.['ended']),
        untold: Number(row?.['untold']),
        ...(typeof lastEndedAt === 'string' ? { lastEndedAt } : {}),
        ...(typeof batchSize === 'number' ? { batchSize } : {}),
      };
    },

    async untoldOfBatch(owner, batchId) {
      return untoldOfBatch.all(owner, batchId).map(fromRow);
    },

    async forget(expected) {
      return forget.run(...toExpected(expected)) === 1;
    },
  };
}

/** In the order of `atVersion`. */
function toExpected({ id, state, attempt, revision }: ConversionVersion): readonly (string | number)[] {
  return [id, state, attempt, revision];
}

/** In the order of `columns`. */
function toRow(record: ConversionRow): readonly (string | number | Uint8Array | null)[] {
  const { turn: given, ...body } = record;
  const { result } = record;
  return [
    record.id,
    record.owner,
    record.state,
    record.attempt,
    record.revision,
    record.batchId ?? null,
    record.batchSize ?? null,
    record.endedAt ?? null,
    record.notificationId ?? null,
    record.removedAt ?? null,
    record.notBefore ?? null,
    given ?? null,
    JSON.stringify(result === undefined ? body : { ...body, result: { ...result, peaks: [] } }),
    result === undefined ? null : Uint8Array.from(result.peaks),
  ];
}

function fromRow({ body, turn: given, peaks }: SqliteRow): ConversionRow {
  // Written by toRow, and by nobody else.
  const written: ConversionRow = JSON.parse(String(body));
  const record = typeof given === 'number' ? { ...written, turn: given } : written;
  if (record.result === undefined || !(peaks instanceof Uint8Array)) return record;
  return { ...record, result: { ...record.result, peaks: [...peaks] } };
}

function toScanned({ scanned }: SqliteRow): ScannedRow {
  const row: ScannedRow = JSON.parse(String(scanned));
  return row;
}
