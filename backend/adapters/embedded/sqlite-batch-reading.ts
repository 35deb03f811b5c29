import type { ConversionStore } from '../../ports/conversion-store.ts';
import { active, fromRow } from './sqlite-conversion-rows.ts';
import type { SqliteDatabase } from './sqlite-database.ts';

/** Must equal the condition of the index conversions_untold_batches. */
const untold = "state IN ('done', 'failed') AND removed_at IS NULL AND notification_id IS NULL";
/** Identifies a batch within an owner. */
const batch = 'coalesce(batch_id, id)';

/** The part of the store that finds batches whose owners have not been notified. */
type BatchReading = Pick<ConversionStore, 'untoldBatches' | 'batchSummary' | 'untoldOfBatch'>;

export function createBatchReading(database: SqliteDatabase): BatchReading {
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
      count(*) FILTER (WHERE ${untold}) AS untold,
      max(ended_at) AS last_ended_at,
      max(batch_size) AS batch_size
    FROM conversions WHERE owner = ? AND batch_id = ?`);
  const untoldOfBatch = database.prepare(
    `SELECT body, turn FROM conversions WHERE owner = ? AND batch_id = ? AND ${untold} ORDER BY id`,
  );

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
        untold: Number(row?.['untold']),
        ...(typeof lastEndedAt === 'string' ? { lastEndedAt } : {}),
        ...(typeof batchSize === 'number' ? { batchSize } : {}),
      };
    },

    async untoldOfBatch(owner, batchId) {
      return untoldOfBatch.all(owner, batchId).map(fromRow);
    },
  };
}
