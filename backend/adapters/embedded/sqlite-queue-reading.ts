import type { ConversionState } from '../../../shared/api.ts';
import type { ConversionStore } from '../../ports/conversion-store.ts';
import { active, fromRow } from './sqlite-conversion-rows.ts';
import type { SqliteDatabase } from './sqlite-database.ts';

/** The part of the store that reads the queue in the order of its turns. */
type QueueReading = Pick<ConversionStore, 'countActive' | 'nextQueued' | 'queuePositions'>;

export function createQueueReading(database: SqliteDatabase): QueueReading {
  const firstDue = database.prepare(
    `SELECT body, turn FROM conversions INDEXED BY conversions_by_turn
     WHERE state = 'queued' AND (not_before IS NULL OR not_before <= ? OR not_before > ?) ORDER BY turn, owner LIMIT 1`,
  );
  const firstToBeDue = database.prepare(
    `SELECT body, turn FROM conversions INDEXED BY conversions_by_due_time
     WHERE state = 'queued' AND not_before IS NOT NULL ORDER BY not_before LIMIT 1`,
  );
  const countActive = database.prepare(
    `SELECT state, count(*) AS count FROM conversions WHERE ${active} GROUP BY state`,
  );
  // Counts the rows between one wanted row and the next, so each row of the queue is counted once.
  const queuePositions = database.prepare(`
    WITH
      wanted AS MATERIALIZED (
        SELECT id, turn, owner, lag(turn, 1, 0) OVER queue AS last_turn, lag(owner, 1, '') OVER queue AS last_owner
        FROM conversions
        WHERE id IN (SELECT value FROM json_each(?)) AND +state = 'queued'
        WINDOW queue AS (ORDER BY turn, owner)
      ),
      counted AS (
        SELECT id, turn, owner, (
          SELECT count(*) FROM conversions AS other INDEXED BY conversions_by_turn
          WHERE other.state = 'queued'
            AND (other.turn, other.owner) >= (last_turn, last_owner) AND (other.turn, other.owner) < (wanted.turn, wanted.owner)
        ) AS count
        FROM wanted
      )
    SELECT id, sum(count) OVER (ORDER BY turn, owner) AS position FROM counted`);

  return {
    async countActive() {
      const counts = new Map(countActive.all().map(({ state, count }) => [state, Number(count)]));
      const of = (state: ConversionState): number => counts.get(state) ?? 0;
      return { uploading: of('uploading'), queued: of('queued'), converting: of('converting') };
    },

    async nextQueued(now, horizon) {
      const row = firstDue.get(now, horizon) ?? firstToBeDue.get();
      return row === undefined ? undefined : fromRow(row);
    },

    async queuePositions(ids) {
      return new Map(
        queuePositions.all(JSON.stringify(ids)).map((row) => [String(row['id']), Number(row['position'])]),
      );
    },
  };
}
