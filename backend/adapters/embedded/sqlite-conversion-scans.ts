import type { ConversionState } from '../../../shared/api.ts';
import type { ConversionStore, ScanKind, ScannedRow } from '../../ports/conversion-store.ts';
import { readScanned, scannedFieldNames } from '../stored-rows/readable-rows.ts';
import { createConversionReader, versionColumns } from './conversion-reader.ts';
import { endedCondition, sourceCondition } from './conversions-database.ts';
import type { SqliteDatabase } from './sqlite-database.ts';

/** How many rows of a scan are in memory at a time. */
const scanPortion = 200;

/**
 * SQLite extracts these fields from the body, most of which a scan does not need. The patch leaves out fields that are absent. In a body
 * that is not JSON, SQLite's functions fail, and with them the whole portion.
 */
const extracted = `json_patch('{}', json_object(${scannedFieldNames.map((field) => `'${field}', body -> '$.${field}'`).join(', ')}))`;
const scannedColumns = `${versionColumns}, CASE WHEN json_valid(body) THEN ${extracted} END AS scanned`;

/** Ordered by id, which is the order of each state's rows in the index, so SQLite only has to merge them. */
function scanOf(...states: readonly ConversionState[]): string {
  const searches = states.map(
    (state) => `SELECT ${scannedColumns} FROM conversions WHERE state = '${state}' AND id > ?1`,
  );
  return `${searches.join(' UNION ALL ')} ORDER BY id LIMIT ?2`;
}

const scans: Readonly<Record<ScanKind, string>> = {
  working: scanOf('uploading', 'converting'),
  queued: scanOf('queued'),
};

/** Rows with an expired thing of one kind, in the order of an index of that name. */
function expiredScan(index: string, time: 'removed_at' | 'ended_at', condition: string): string {
  return `SELECT ${time} AS time, ${scannedColumns} FROM conversions INDEXED BY ${index}
    WHERE ${condition} AND ${time} <= ?1 AND (${time}, id) > (?2, ?3) ORDER BY ${time}, id LIMIT ?4`;
}

/** The part of the store that reads the conversions of all owners for the sweeper. */
type ConversionScans = Pick<ConversionStore, 'scan' | 'scanExpired' | 'scanIds'>;

export function createConversionScans(database: SqliteDatabase): ConversionScans {
  const reader = createConversionReader(database, ({ scanned }) => readScanned(scanned));
  const scanIds = database.prepare(
    `SELECT ${scannedColumns} FROM conversions WHERE id IN (SELECT value FROM json_each(?))`,
  );

  async function* scanUntil(sql: string, until: string): AsyncGenerator<ScannedRow> {
    const portion = database.prepare(sql);
    let after: readonly [string, string] = ['', ''];
    for (;;) {
      const rows = portion.all(until, ...after, scanPortion);
      yield* reader.all(rows);
      const last = rows.at(-1);
      if (last === undefined || rows.length < scanPortion) return;
      after = [String(last['time']), String(last['id'])];
    }
  }

  return {
    async *scanExpired({ removed, ended, sources }) {
      yield* scanUntil(expiredScan('conversions_removed', 'removed_at', 'removed_at IS NOT NULL'), removed);
      yield* scanUntil(expiredScan('conversions_ended', 'ended_at', endedCondition), ended);
      yield* scanUntil(expiredScan('conversions_with_sources', 'ended_at', sourceCondition), sources);
    },

    async *scan(kind) {
      const portion = database.prepare(scans[kind]);
      let after = '';
      for (;;) {
        const rows = portion.all(after, scanPortion);
        yield* reader.all(rows);
        const last = rows.at(-1);
        if (last === undefined || rows.length < scanPortion) return;
        after = String(last['id']);
      }
    },

    async scanIds(ids) {
      const found = scanIds.all(JSON.stringify(ids));
      const rows = reader.all(found);
      const readable = new Set<unknown>(rows.map(({ id }) => id));
      return { rows, unreadable: found.map(({ id }) => String(id)).filter((id) => !readable.has(id)) };
    },
  };
}
