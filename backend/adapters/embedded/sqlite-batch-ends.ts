import type { ConversionStore, UntoldEnd } from '../../ports/conversion-store.ts';
import { isStorableInteger } from '../stored-rows/storable-integers.ts';
import { createSetAside } from './conversion-reader.ts';
import { active } from './sqlite-conversion-rows.ts';
import type { SqliteDatabase } from './sqlite-database.ts';
import type { SqliteRow } from './sqlite-integers.ts';

/** How many rows of a batch are in memory at a time. */
const endPortion = 200;

/** Must equal the condition of the index conversions_untold_batches. */
const untold = "state IN ('done', 'failed') AND removed_at IS NULL AND notification_id IS NULL";
/** Identifies a batch within an owner. */
const batch = 'coalesce(batch_id, id)';

/** The part of the store that finds batches whose owners have not been notified, and notes that they were. */
type BatchEnds = Pick<ConversionStore, 'untoldBatches' | 'batchSummary' | 'untoldOfBatch' | 'markTold'>;

export function createBatchEnds(database: SqliteDatabase): BatchEnds {
  // Goes from batch to batch and skips all other rows of each.
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
      count(*) FILTER (WHERE state = 'cancelled') AS cancelled,
      count(*) FILTER (WHERE ${untold}) AS untold,
      max(ended_at) AS last_ended_at,
      max(batch_size) AS batch_size
    FROM conversions WHERE owner = ? AND batch_id = ?`);
  const untoldOfBatch = database.prepare(
    `SELECT
       id, attempt, revision, state, json_valid(body) AS valid,
       CASE WHEN json_valid(body) THEN body -> '$.warnings' <> '[]' END AS warned,
       CASE WHEN json_valid(body) THEN body ->> '$.result.durationSeconds' END AS seconds,
       CASE WHEN json_valid(body) THEN body ->> '$.result.bytes' END AS bytes
     FROM conversions INDEXED BY conversions_untold_batches
     WHERE ${untold} AND owner = ? AND ${batch} = ? AND id > ? ORDER BY id LIMIT ?`,
  );
  const markTold = database.prepare(
    `UPDATE conversions
     SET notification_id = ?1, revision = revision + 1,
       body = json_set(body, '$.notificationId', ?1, '$.revision', revision + 1)
     FROM (SELECT value ->> '$.conversionId' AS id, value ->> '$.attempt' AS attempt FROM json_each(?2)) AS told
     WHERE conversions.id = told.id AND conversions.attempt = told.attempt
       AND +conversions.state IN ('done', 'failed') AND removed_at IS NULL AND notification_id IS NULL
       AND json_valid(body)`,
  );

  const setAside = createSetAside(database);

  return {
    async *untoldBatches() {
      let owner = '';
      let batch = '';
      for (;;) {
        const next = nextUntoldBatch.get(owner, batch) ?? nextUntoldOwner.get(owner);
        if (next === undefined) return;
        [owner, batch] = [String(next['owner']), String(next['batch'])];
        yield { id: String(next['id']) };
      }
    },

    async batchSummary(owner, batchId) {
      const row = batchSummary.get(owner, batchId);
      const lastEndedAt = row?.['last_ended_at'];
      const batchSize = row?.['batch_size'];
      return {
        active: Number(row?.['active']),
        ended: Number(row?.['ended']),
        cancelled: Number(row?.['cancelled']),
        untold: Number(row?.['untold']),
        ...(typeof lastEndedAt === 'string' ? { lastEndedAt } : {}),
        ...(typeof batchSize === 'number' ? { batchSize } : {}),
      };
    },

    async *untoldOfBatch(owner, batchId) {
      let after = '';
      for (;;) {
        const rows = untoldOfBatch.all(owner, batchId, after, endPortion);
        for (const row of rows) {
          const wrong = faultOf(row);
          if (wrong === undefined) yield toUntoldEnd(row);
          else setAside(String(row['id']), new Error(wrong));
        }
        const last = rows.at(-1);
        if (last === undefined || rows.length < endPortion) return;
        after = String(last['id']);
      }
    },

    async markTold(notificationId, told) {
      markTold.run(notificationId, JSON.stringify(told));
    },
  };
}

/** What would keep the row from being marked as told. */
function faultOf({ valid, attempt, revision }: SqliteRow): string | undefined {
  if (valid !== 1) return 'it is not JSON';
  return [attempt, revision].every(isStorableInteger) ? undefined : 'it has too large an integer';
}

function toUntoldEnd(row: SqliteRow): UntoldEnd {
  const state = row['state'] === 'done' ? 'done' : 'failed';
  return {
    id: String(row['id']),
    attempt: Number(row['attempt']),
    state,
    warned: state === 'done' && row['warned'] === 1,
    seconds: Number(row['seconds']) || 0,
    bytes: Number(row['bytes']) || 0,
  };
}
