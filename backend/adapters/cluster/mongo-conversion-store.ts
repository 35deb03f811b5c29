import type { Filter } from 'mongodb';
import type { ConversionRow, ConversionStore } from '../../ports/conversion-store.ts';
import type { ReportSkipped } from '../../ports/skipped-item.ts';
import { fromCursor, toCursor } from '../stored-rows/page-cursor.ts';
import { createBatchEnds } from './mongo-batch-ends.ts';
import { isTakenIn } from './mongo-calls.ts';
import { type ChangePositions } from './mongo-changes.ts';
import {
  activeStates,
  atVersion,
  type ConversionTable,
  createConversionReader,
  listedFields,
  type StoredConversion,
  toHold,
  toRow,
} from './mongo-conversion-documents.ts';
import { createConversionScans } from './mongo-conversion-scans.ts';
import { createQueueReading } from './mongo-queue-reading.ts';
import { type FoundDocument, valueAt } from './mongo-table.ts';

export interface MongoConversionParts {
  readonly table: ConversionTable;
  readonly positions: ChangePositions;
  readonly onSkipped: ReportSkipped;
}

/** Sort key: the id. */
function isPlace(value: unknown): value is readonly [string] {
  return Array.isArray(value) && value.length === 1 && typeof value[0] === 'string';
}

/** Conversions in MongoDB. Each is one document, so a write of a row is atomic by itself. */
export function createMongoConversionStore(parts: MongoConversionParts): ConversionStore {
  const { table, positions, onSkipped } = parts;
  const reader = createConversionReader(table, onSkipped);
  const readAll = (documents: readonly FoundDocument[]) => reader.all(documents, toRow);

  return {
    ...createQueueReading(table, reader),
    ...createConversionScans(table, reader),
    ...createBatchEnds(table, reader),

    async insert(row, most) {
      if (most !== undefined) return await insertAmong(table, row, most);
      await insert(table, row);
      return true;
    },

    async get(id) {
      const [found] = await table.find({ index: 'ids', filter: { _id: { $eq: id } }, limit: 1 });
      return found === undefined ? undefined : await reader.one(found, toRow);
    },

    async getByUploadKey(owner, key) {
      const [found] = await table.find({
        index: 'by_upload_key',
        filter: { 'row.owner': { $eq: owner }, 'row.uploadKey': { $eq: key } },
        limit: 1,
      });
      return found === undefined ? undefined : await reader.one(found, toRow);
    },

    replace: (expected, next) => table.update({ filter: atVersion(expected), change: toHold(next) }),

    async page({ owner, state, batchId, limit, cursor }) {
      const filter: Filter<StoredConversion> = {
        listed: true,
        'row.owner': { $eq: owner },
        ...(state === undefined ? {} : { 'row.state': { $eq: state } }),
        ...(batchId === undefined ? {} : { 'row.batchId': { $eq: batchId } }),
        ...(cursor === undefined ? {} : { _id: { $lt: fromCursor(cursor, isPlace)[0] } }),
      };
      // A batch has fewer rows than a state.
      const index = batchId !== undefined ? 'of_batch' : state !== undefined ? 'of_owner_by_state' : 'of_owner';
      // One more row than requested shows whether there is another page.
      const found = await table.find({ index, filter, sort: { _id: -1 }, limit: limit + 1, fields: listedFields });
      const shown = found.slice(0, limit);
      const items = await readAll(shown);
      const last = shown.at(-1);
      return found.length > limit && last !== undefined ? { items, next: toCursor([String(last['_id'])]) } : { items };
    },

    async changes(query) {
      const { owner, since, limit } = query;
      const { position, documents } = await positions.changed(query, listedFields);
      // One more row than requested shows whether there are more.
      const unfinished = await table.find({
        index: 'of_owner_by_state',
        filter: { listed: true, 'row.owner': { $eq: owner }, 'row.state': { $in: activeStates } },
        limit: limit + 1,
        fields: listedFields,
      });
      const found = new Map([...unfinished, ...(documents ?? [])].map((document) => [document['_id'], document]));
      const items = await readAll([...found.values()].slice(0, limit));
      const known = since === undefined || documents !== undefined;
      return { items, position, complete: known && found.size <= limit };
    },

    changesAfter: (query) => positions.inOrder(query, listedFields, readAll),

    async forget(expected) {
      const { id, revision } = expected;
      const fields = { 'row.owner': 1, 'row.revision': 1, 'row.removedAt': 1 };
      const [found = {}] = await table.find({ index: 'ids', filter: { _id: { $eq: id } }, limit: 1, fields });
      const isRemoved = valueAt(found, 'row.removedAt') !== undefined;
      if (!isRemoved || valueAt(found, 'row.revision') !== revision) return false;
      const change = await positions.forget(String(valueAt(found, 'row.owner')), id);
      if (change === undefined) return false;
      const filter = { ...atVersion(expected), 'row.removedAt': { $exists: true }, change: { $eq: change } };
      // Whatever is written meanwhile takes the number away.
      return (await table.remove({ index: 'ids', filter })) === 1;
    },

    async forgetUnreadable(owner) {
      await table.remove({
        index: 'unreadable',
        filter: { unreadable: { $exists: true }, 'unreadable.owner': { $eq: owner } },
      });
    },
  };
}

async function insert(table: ConversionTable, row: ConversionRow, limited?: number): Promise<void> {
  const change = toHold(row);
  await table.upsert({
    // Matches no document, since each has one of the two. So this only ever inserts.
    filter: { _id: { $eq: row.id }, row: { $exists: false }, unreadable: { $exists: false } },
    change: limited === undefined ? change : { ...change, $set: { ...change.$set, limited } },
  });
}

/**
 * Reads the number of the owner's last insertion with a limit, then counts, then inserts with the next number, which a unique index
 * lets only one insertion have. So a row is only inserted if no other was, with a limit, since the count: the count and the insertion
 * are one step as far as anybody can see. A process that dies in between has written nothing.
 */
async function insertAmong(table: ConversionTable, row: ConversionRow, most: number): Promise<boolean> {
  const owner = { $eq: row.owner };
  for (;;) {
    const [last] = await table.find({
      index: 'limited',
      filter: { 'row.owner': owner, limited: { $exists: true } },
      sort: { limited: -1 },
      limit: 1,
      fields: { limited: 1 },
    });
    const filter = { 'row.owner': owner, 'row.state': { $eq: row.state }, listed: true } as const;
    if ((await table.count({ index: 'of_owner_by_state', filter }, most)) >= most) return false;
    try {
      await insert(table, row, Number(last?.['limited'] ?? 0) + 1);
      return true;
    } catch (error) {
      if (!isTakenIn(error, 'row.owner', 'limited')) throw error;
    }
  }
}
