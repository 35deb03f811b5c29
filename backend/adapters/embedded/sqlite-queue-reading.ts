import type { ConversionState } from '../../../shared/api.ts';
import type { ConversionStore } from '../../ports/conversion-store.ts';
import { active, fromRow } from './sqlite-conversion-rows.ts';
import type { SqliteDatabase } from './sqlite-database.ts';

/** The part of the store that reads the queue in the order of its turns. */
type QueueReading = Pick<ConversionStore, 'countActive' | 'nextQueued' | 'countQueuedBefore'>;

export function createQueueReading(database: SqliteDatabase): QueueReading {
  const firstDue = database.prepare(
    `SELECT body, turn FROM conversions INDEXED BY conversions_by_turn
     WHERE state = 'queued' AND (not_before IS NULL OR not_before <= ?) ORDER BY turn, owner LIMIT 1`,
  );
  const firstToBeDue = database.prepare(
    `SELECT body, turn FROM conversions INDEXED BY conversions_by_due_time
     WHERE state = 'queued' AND not_before IS NOT NULL ORDER BY not_before LIMIT 1`,
  );
  const countActive = database.prepare(
    `SELECT state, count(*) AS count FROM conversions WHERE ${active} GROUP BY state`,
  );
  const countQueuedBefore = database.prepare(
    `SELECT count(*) AS count FROM conversions AS this, conversions AS other INDEXED BY conversions_by_turn
     WHERE this.id = ? AND other.state = 'queued' AND (other.turn, other.owner) < (this.turn, this.owner)`,
  );

  return {
    async countActive() {
      const counts = new Map(countActive.all().map(({ state, count }) => [state, Number(count)]));
      const of = (state: ConversionState): number => counts.get(state) ?? 0;
      return { uploading: of('uploading'), queued: of('queued'), converting: of('converting') };
    },

    async nextQueued(now) {
      const row = firstDue.get(now) ?? firstToBeDue.get();
      return row === undefined ? undefined : fromRow(row);
    },

    async countQueuedBefore(id) {
      return Number(countQueuedBefore.get(id)?.['count']);
    },
  };
}
