import type { Document } from 'mongodb';
import type { ConversionState } from '../../../shared/api.ts';
import type { ConversionStore } from '../../ports/conversion-store.ts';
import { activeStates, type ConversionReader, type ConversionTable, toRow } from './mongo-conversion-documents.ts';
import { type FoundDocument, valueAt } from './mongo-table.ts';

/** The part of the store that reads the queue. */
type QueueReading = Pick<ConversionStore, 'countActive' | 'nextQueued' | 'queuePositions'>;

/** The turn that was taken last. */
interface LastTaken {
  readonly turn: number;
  readonly owner: string;
}

/** Comes before all owners, in the first round. */
const noneTaken: LastTaken = { turn: 1, owner: '' };

export function createQueueReading(table: ConversionTable, reader: ConversionReader): QueueReading {
  async function lastTaken(): Promise<LastTaken> {
    const [found] = await table.find({
      index: 'taken',
      filter: { 'row.turn': { $exists: true } },
      sort: { 'row.turn': -1, 'row.owner': -1 },
      limit: 1,
      fields: { 'row.turn': 1, 'row.owner': 1 },
    });
    if (found === undefined) return noneTaken;
    return { turn: Number(valueAt(found, 'row.turn')), owner: String(valueAt(found, 'row.owner')) };
  }

  async function firstDue(owners: Document, now: string, horizon: string): Promise<FoundDocument | undefined> {
    const [found] = await table.find({
      index: 'waiting',
      filter: { 'row.state': 'queued', ...owners, $or: [{ due: { $lte: now } }, { due: { $gt: horizon } }] },
      sort: { 'row.owner': 1, _id: 1 },
      limit: 1,
      fields: { row: 1 },
    });
    return found;
  }

  async function firstToBeDue(): Promise<FoundDocument | undefined> {
    const [found] = await table.find({
      index: 'by_due_time',
      filter: { 'row.state': 'queued', due: { $gt: '' } },
      sort: { due: 1 },
      limit: 1,
      fields: { row: 1 },
    });
    return found;
  }

  /** How many of the owner's own queued rows go before each of these, which are sorted. */
  async function ranksOf(owner: string, ids: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const [first = '', last = ''] = [ids[0], ids.at(-1)];
    const queued = { 'row.state': 'queued', 'row.owner': { $eq: owner } } as const;
    const before = await table.count({ index: 'waiting', filter: { ...queued, _id: { $lt: first } } });
    const between = await table.find({
      index: 'waiting',
      filter: { ...queued, _id: { $gte: first, $lte: last } },
      sort: { _id: 1 },
      fields: { _id: 1 },
    });
    return new Map(between.map(({ _id }, index) => [String(_id), before + index]));
  }

  return {
    async countActive() {
      const found = await table.aggregate(
        { index: 'by_state', filter: { 'row.state': { $in: activeStates } } },
        { $group: { _id: '$row.state', count: { $sum: 1 } } },
      );
      const counts = new Map(found.map(({ _id, count }) => [_id, Number(count)]));
      const of = (state: ConversionState): number => counts.get(state) ?? 0;
      return { uploading: of('uploading'), queued: of('queued'), converting: of('converting') };
    },

    async nextQueued(now, horizon) {
      for (;;) {
        // Read first: if others take rows meanwhile, the turn is an earlier one, which the unique index refuses if it was taken.
        const last = await lastTaken();
        const found =
          (await firstDue({ 'row.owner': { $gt: last.owner } }, now, horizon)) ??
          (await firstDue({}, now, horizon)) ??
          (await firstToBeDue());
        if (found === undefined) return undefined;
        const row = await reader.one(found, toRow);
        // One that was set aside is no longer queued.
        if (row !== undefined) return { row, turn: last.turn + (comesAfter(row.owner, last.owner) ? 0 : 1) };
      }
    },

    async queuePositions(ids) {
      const found = await table.find({
        index: 'ids',
        filter: { _id: { $in: ids } },
        sort: { _id: 1 },
        fields: { 'row.owner': 1, 'row.state': 1 },
      });
      const wanted = found.filter((document) => valueAt(document, 'row.state') === 'queued');
      const byOwner = Map.groupBy(wanted, (document) => String(valueAt(document, 'row.owner')));
      if (byOwner.size === 0) return new Map();
      const last = await lastTaken();
      const queues = await table.aggregate(
        { index: 'waiting', filter: { 'row.state': 'queued' } },
        { $group: { _id: '$row.owner', length: { $sum: 1 } } },
      );
      const positions = new Map<string, number>();
      for (const [owner, rows] of byOwner) {
        const ranks = await ranksOf(
          owner,
          rows.map(({ _id }) => String(_id)),
        );
        const before = queueLengths(queues, owner, last.owner);
        for (const { _id } of rows) {
          const rank = ranks.get(String(_id));
          // One that was taken meanwhile has no rank.
          if (rank === undefined) continue;
          const counts = before.map(({ length, isBefore, owners }) => owners * Math.min(length, rank + isBefore));
          positions.set(
            String(_id),
            counts.reduce((sum, count) => sum + count, 0),
          );
        }
      }
      return positions;
    },
  };
}

/**
 * The owners' queues, seen from one owner: how many queues there are of each length, apart those of owners whose turn comes before
 * (1) and after (0) this owner's in a round. So a page need not go through all owners for each of its rows.
 */
function queueLengths(
  queues: readonly FoundDocument[],
  owner: string,
  lastOwner: string,
): readonly { readonly length: number; readonly isBefore: 0 | 1; readonly owners: number }[] {
  const isLater = comesAfter(owner, lastOwner);
  const isBefore = (other: string): boolean =>
    comesAfter(other, lastOwner) === isLater ? comesAfter(owner, other) : !isLater;
  const grouped = Map.groupBy(queues, ({ _id, length }) => `${isBefore(String(_id)) ? 1 : 0} ${Number(length)}`);
  return [...grouped].map(([key, { length: owners }]) => {
    const [before, length] = key.split(' ');
    return { length: Number(length), isBefore: before === '1' ? 1 : 0, owners };
  });
}

/** Whether an owner comes after another in a round: by the bytes of UTF-8, as the server compares texts. */
function comesAfter(owner: string, other: string): boolean {
  return Buffer.compare(Buffer.from(owner), Buffer.from(other)) > 0;
}
