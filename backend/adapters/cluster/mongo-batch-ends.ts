import type { Document } from 'mongodb';
import type { BatchSummary, ConversionStore, UntoldEnd } from '../../ports/conversion-store.ts';
import { unnumbered } from './mongo-changes.ts';
import { activeStates, type ConversionReader, type ConversionTable } from './mongo-conversion-documents.ts';
import { type FoundDocument, valueAt } from './mongo-table.ts';

/** How many rows of a batch are in memory at a time. */
const endPortion = 200;

/** The part of the store that finds batches whose owners have not been notified, and notes that they were. */
type BatchEnds = Pick<ConversionStore, 'untoldBatches' | 'batchSummary' | 'untoldOfBatch' | 'markTold'>;

export function createBatchEnds(table: ConversionTable, reader: ConversionReader): BatchEnds {
  async function firstUntold(filter: Document): Promise<FoundDocument | undefined> {
    const [found] = await table.find({
      index: 'untold',
      filter,
      sort: { 'row.owner': 1, untold: 1, _id: 1 },
      limit: 1,
      fields: { 'row.owner': 1, untold: 1 },
    });
    return found;
  }

  return {
    // Goes from batch to batch and skips all other rows of each.
    async *untoldBatches() {
      let owner = '';
      let batch = '';
      for (;;) {
        const next =
          (await firstUntold({ 'row.owner': { $eq: owner }, untold: { $gt: batch } })) ??
          (await firstUntold({ 'row.owner': { $gt: owner }, untold: { $exists: true } }));
        if (next === undefined) return;
        [owner, batch] = [String(valueAt(next, 'row.owner')), String(next['untold'])];
        yield { id: String(next['_id']) };
      }
    },

    async batchSummary(owner, batchId) {
      const count = (condition: Document) => ({ $sum: { $cond: [condition, 1, 0] } });
      const isActive = { $in: ['$row.state', activeStates] };
      const [found] = await table.aggregate(
        { index: 'of_batch', filter: { 'row.owner': { $eq: owner }, 'row.batchId': { $eq: batchId } } },
        {
          $group: {
            _id: null,
            active: count(isActive),
            ended: count({ $not: [isActive] }),
            cancelled: count({ $eq: ['$row.state', 'cancelled'] }),
            untold: count({ $gt: ['$untold', null] }),
            lastEndedAt: { $max: '$row.endedAt' },
            batchSize: { $max: '$row.batchSize' },
          },
        },
      );
      const setAside = await table.count({
        index: 'unreadable',
        filter: {
          unreadable: { $exists: true },
          'unreadable.owner': { $eq: owner },
          'unreadable.batchId': { $eq: batchId },
        },
      });
      return toSummary(found ?? {}, setAside);
    },

    async *untoldOfBatch(owner, batchId) {
      let after = '';
      for (;;) {
        const found: readonly FoundDocument[] = await table.find({
          index: 'untold',
          filter: { 'row.owner': { $eq: owner }, untold: { $eq: batchId }, _id: { $gt: after } },
          sort: { _id: 1 },
          limit: endPortion,
          fields: {
            ...{ 'row.attempt': 1, 'row.state': 1, 'row.warnings': 1 },
            ...{ 'row.result.durationSeconds': 1, 'row.result.bytes': 1 },
          },
        });
        yield* await reader.all(found, toUntoldEnd);
        const last = found.at(-1);
        if (last === undefined || found.length < endPortion) return;
        after = String(last['_id']);
      }
    },

    async markTold(notificationId, told) {
      await table.updateEach(
        told.map(({ conversionId, attempt }) => ({
          filter: { _id: { $eq: conversionId }, 'row.attempt': { $eq: attempt }, untold: { $exists: true } },
          change: {
            ...unnumbered,
            $set: { ...unnumbered.$set, 'row.notificationId': notificationId },
            $inc: { ...unnumbered.$inc, 'row.revision': 1 },
            $unset: { untold: true },
          },
        })),
      );
    },
  };
}

function toSummary(found: FoundDocument, setAside: number): BatchSummary {
  const { active = 0, ended = 0, cancelled = 0, untold = 0, lastEndedAt, batchSize } = found;
  return {
    active: Number(active),
    // A row that was set aside counts as ended.
    ended: Number(ended) + setAside,
    cancelled: Number(cancelled),
    untold: Number(untold),
    ...(typeof lastEndedAt === 'string' ? { lastEndedAt } : {}),
    ...(typeof batchSize === 'number' ? { batchSize } : {}),
  };
}

/** Throws if it cannot be read. */
function toUntoldEnd(document: FoundDocument): UntoldEnd {
  const attempt = valueAt(document, 'row.attempt');
  const warnings = valueAt(document, 'row.warnings');
  if (typeof attempt !== 'number' || !Array.isArray(warnings)) throw new Error('it has no attempt or no warnings');
  const state = valueAt(document, 'row.state') === 'done' ? 'done' : 'failed';
  return {
    id: String(document['_id']),
    attempt,
    state,
    warned: state === 'done' && warnings.length > 0,
    seconds: Number(valueAt(document, 'row.result.durationSeconds')) || 0,
    bytes: Number(valueAt(document, 'row.result.bytes')) || 0,
  };
}
