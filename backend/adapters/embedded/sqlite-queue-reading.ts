import type { ConversionState } from '../../../shared/api.ts';
import type { ConversionStore } from '../../ports/conversion-store.ts';
import { isStorableInteger } from '../stored-rows/storable-integers.ts';
import { createConversionReader, createSetAside, versionColumns } from './conversion-reader.ts';
import { active, fromRow } from './sqlite-conversion-rows.ts';
import type { SqliteDatabase } from './sqlite-database.ts';

/** The part of the store that reads the queue. */
type QueueReading = Pick<ConversionStore, 'countActive' | 'nextQueued' | 'queuePositions'>;

/** Selects from the row that was taken last, of all owners. */
function ofLastTaken(expression: string): string {
  return `(
    SELECT ${expression} FROM conversions AS last INDEXED BY conversions_taken
    WHERE last.turn IS NOT NULL ORDER BY last.turn DESC, last.owner DESC LIMIT 1
  )`;
}
/** Comes before all owners if no row was taken yet. */
const lastOwner = `coalesce(${ofLastTaken('last.owner')}, '')`;
/** The turn at which a row may be taken now. */
const turn = `coalesce(${ofLastTaken('last.turn + (last.owner >= conversions.owner)')}, 1)`;

export function createQueueReading(database: SqliteDatabase): QueueReading {
  const reader = createConversionReader(database, fromRow);
  const firstDue = (owners: string) =>
    database.prepare(
      `SELECT ${versionColumns}, body, conversions.turn, ${turn} AS next_turn FROM conversions INDEXED BY conversions_waiting
       WHERE state = 'queued' AND ${owners} AND (not_before IS NULL OR not_before <= ? OR not_before > ?) ORDER BY owner, id LIMIT 1`,
    );
  const lastTaken = database.prepare(`SELECT ${ofLastTaken('last.id')} AS id`);
  const setAside = createSetAside(database);
  const firstDueInRound = firstDue(`owner > ${lastOwner}`);
  const firstDueInNextRound = firstDue('true');
  const firstToBeDue = database.prepare(
    `SELECT ${versionColumns}, body, conversions.turn, ${turn} AS next_turn FROM conversions INDEXED BY conversions_by_due_time
     WHERE state = 'queued' AND not_before IS NOT NULL ORDER BY not_before LIMIT 1`,
  );
  const countActive = database.prepare(
    `SELECT state, count(*) AS count FROM conversions WHERE ${active} GROUP BY state`,
  );
  // Counts an owner's rows between one wanted row and the next, so each row of the queue is counted once. The other owners are
  // counted by how many rows they have, so a page does not go through all owners for each of its rows.
  const queuePositions = database.prepare(`
    WITH
      wanted AS MATERIALIZED (
        SELECT id, owner, lag(id, 1, '') OVER (PARTITION BY owner ORDER BY id) AS last_id
        FROM conversions
        WHERE id IN (SELECT value FROM json_each(?)) AND +state = 'queued'
      ),
      counted AS MATERIALIZED (
        SELECT id, owner, (
          SELECT count(*) FROM conversions AS other INDEXED BY conversions_waiting
          WHERE other.state = 'queued' AND other.owner = wanted.owner AND other.id >= last_id AND other.id < wanted.id
        ) AS count
        FROM wanted
      ),
      ranked AS (
        SELECT id, owner, sum(count) OVER (PARTITION BY owner ORDER BY id) AS rank FROM counted
      ),
      waiting AS MATERIALIZED (
        SELECT owner, owner <= ${lastOwner} AS had_turn, count(*) AS length
        FROM conversions INDEXED BY conversions_waiting WHERE state = 'queued' GROUP BY owner
      ),
      grouped AS MATERIALIZED (
        SELECT mine.owner, other.length, (other.had_turn, other.owner) < (mine.had_turn, mine.owner) AS is_before, count(*) AS owners
        FROM waiting AS mine CROSS JOIN waiting AS other
        WHERE mine.owner IN (SELECT owner FROM wanted)
        GROUP BY 1, 2, 3
      )
    SELECT id, (
      SELECT sum(owners * min(length, rank + is_before)) FROM grouped WHERE grouped.owner = ranked.owner
    ) AS position
    FROM ranked`);

  return {
    async countActive() {
      const counts = new Map(countActive.all().map(({ state, count }) => [state, Number(count)]));
      const of = (state: ConversionState): number => counts.get(state) ?? 0;
      return { uploading: of('uploading'), queued: of('queued'), converting: of('converting') };
    },

    async nextQueued(now, horizon) {
      for (;;) {
        const row = firstDueInRound.get(now, horizon) ?? firstDueInNextRound.get(now, horizon) ?? firstToBeDue.get();
        if (row === undefined) return undefined;
        const { next_turn: next } = row;
        if (!isStorableInteger(next)) {
          // Then the turns of all others would be wrong too.
          setAside(String(lastTaken.get()?.['id']), new Error('its turn is too large an integer'));
          continue;
        }
        const read = reader.one(row);
        // One that was set aside is no longer queued.
        if (read !== undefined) return { row: read, turn: next };
      }
    },

    async queuePositions(ids) {
      return new Map(
        queuePositions.all(JSON.stringify(ids)).map((row) => [String(row['id']), Number(row['position'])]),
      );
    },
  };
}
