import { Binary, type Document } from 'mongodb';
import type { ConversionRow, ConversionVersion, ScannedRow } from '../../ports/conversion-store.ts';
import type { ReportSkipped } from '../../ports/skipped-item.ts';
import { checkConversion, checkScanned, scannedFieldNames } from '../stored-rows/readable-rows.ts';
import { type ChangingDocument, changeIndexes, unnumbered } from './mongo-changes.ts';
import type { FoundDocument, MongoTable, TableDescription, Writing } from './mongo-table.ts';

/** A conversion. Every write of its row replaces `row` and what follows from it, and leaves the rest. */
export interface StoredConversion extends ChangingDocument {
  /** All but the peaks. */
  readonly row: ConversionRow;
  /** A byte for each peak. Apart from the row, so that lists need not read them. */
  readonly peaks?: Binary;
  /** Unless it was removed. */
  readonly listed?: true;
  /** While it is queued: its `notBefore`, or an empty string. */
  readonly due?: string;
  /** The batch whose next notification it belongs into; its own id if it has no batch. */
  readonly untold?: string;
  /** Whether it failed or was cancelled, was not removed, and its uploaded source is still stored. */
  readonly withSource?: true;
  /** The number of its insertion among those with a limit. */
  readonly limited?: number;
  /** A row that cannot be read was moved here, so that no query for a `row` finds it. */
  readonly unreadable?: unknown;
}

export type ConversionIndex =
  | 'by_state'
  | 'of_owner'
  | 'of_owner_by_state'
  | 'of_batch'
  | 'by_upload_key'
  | 'limited'
  | 'taken'
  | 'waiting'
  | 'by_due_time'
  | 'untold'
  | 'removed'
  | 'ended'
  | 'with_sources'
  | 'unreadable'
  | 'changed';

export type ConversionTable = MongoTable<StoredConversion, ConversionIndex>;

const isThere = { $exists: true } as const;

/** A query must have the condition of its index, or the server does not use it. */
export const conversionsTable: TableDescription<ConversionIndex> = {
  name: 'conversions',
  indexes: {
    by_state: { key: { 'row.state': 1, _id: 1 } },
    of_owner: { key: { 'row.owner': 1, _id: 1 }, partialFilterExpression: { listed: true } },
    of_owner_by_state: {
      key: { 'row.owner': 1, 'row.state': 1, _id: 1 },
      partialFilterExpression: { listed: true },
    },
    // All that a batch's summary is made of, so that it is made without reading a document.
    of_batch: {
      key: {
        ...{ 'row.owner': 1, 'row.batchId': 1, _id: 1 },
        ...{ 'row.state': 1, 'row.endedAt': 1, 'row.batchSize': 1, untold: 1 },
      },
      partialFilterExpression: { 'row.batchId': isThere },
    },
    by_upload_key: {
      key: { 'row.owner': 1, 'row.uploadKey': 1 },
      unique: true,
      partialFilterExpression: { 'row.uploadKey': isThere },
    },
    limited: { key: { 'row.owner': 1, limited: 1 }, unique: true, partialFilterExpression: { limited: isThere } },
    taken: {
      key: { 'row.turn': 1, 'row.owner': 1 },
      unique: true,
      partialFilterExpression: { 'row.turn': isThere },
    },
    waiting: {
      key: { 'row.owner': 1, _id: 1, due: 1 },
      partialFilterExpression: { 'row.state': 'queued' },
    },
    by_due_time: { key: { due: 1 }, partialFilterExpression: { 'row.state': 'queued' } },
    untold: { key: { 'row.owner': 1, untold: 1, _id: 1 }, partialFilterExpression: { untold: isThere } },
    removed: { key: { 'row.removedAt': 1, _id: 1 }, partialFilterExpression: { 'row.removedAt': isThere } },
    ended: {
      key: { 'row.endedAt': 1, _id: 1 },
      partialFilterExpression: { listed: true, 'row.endedAt': isThere },
    },
    with_sources: { key: { 'row.endedAt': 1, _id: 1 }, partialFilterExpression: { withSource: true } },
    unreadable: {
      key: { 'unreadable.owner': 1, 'unreadable.batchId': 1 },
      partialFilterExpression: { unreadable: isThere },
    },
    ...changeIndexes('row.owner'),
  },
};

/** What to read of a conversion for a list. */
export const listedFields = { row: 1 } as const;

/** What to read of a conversion for the sweeper. */
export const scannedFields: Document = Object.fromEntries(scannedFieldNames.map((field) => [`row.${field}`, 1]));

/** The write that makes a document hold this row. */
export function toHold(row: ConversionRow): Writing<StoredConversion>['change'] {
  const { result } = row;
  const isListed = row.removedAt === undefined;
  const isUntold = isListed && (row.state === 'done' || row.state === 'failed') && row.notificationId === undefined;
  const isUnwanted = isListed && (row.state === 'failed' || row.state === 'cancelled');
  const derived = {
    peaks: result === undefined ? undefined : new Binary(Uint8Array.from(result.peaks)),
    listed: isListed ? true : undefined,
    due: row.state === 'queued' ? (row.notBefore ?? '') : undefined,
    untold: isUntold ? (row.batchId ?? row.id) : undefined,
    withSource: isUnwanted && row.source.kind === 'blob' && !row.sourceGone ? true : undefined,
  } as const;
  const [there, gone] = Object.entries(derived).reduce<readonly [Document, Document]>(
    ([set, unset], [name, value]) =>
      value === undefined ? [set, { ...unset, [name]: true }] : [{ ...set, [name]: value }, unset],
    [{}, {}],
  );
  const stored = result === undefined ? row : { ...row, result: { ...result, peaks: [] } };
  return {
    ...unnumbered,
    $set: { ...unnumbered.$set, ...there, row: stored },
    ...(Object.keys(gone).length === 0 ? {} : { $unset: gone }),
  };
}

/** The condition on a row's version. */
export function atVersion({ id, state, attempt, revision }: ConversionVersion) {
  return {
    _id: { $eq: id },
    'row.state': { $eq: state },
    'row.attempt': { $eq: attempt },
    'row.revision': { $eq: revision },
  } as const;
}

/** The states of a conversion that has not ended. */
export const activeStates = ['uploading', 'queued', 'converting'] as const;

/** The whole row. Throws if it cannot be read. */
export function toRow(document: FoundDocument): ConversionRow {
  const row = ofDocument(checkConversion(document['row']), document);
  const { peaks } = document;
  if (row.result === undefined || !(peaks instanceof Binary)) return row;
  return { ...row, result: { ...row.result, peaks: [...peaks.value()] } };
}

/** Throws if it cannot be read. */
export function toScanned(document: FoundDocument): ScannedRow {
  return ofDocument(checkScanned(document['row']), document);
}

/** Queries find a row by the id of its document. If the row said something else, it would be looked at in vain for ever. */
function ofDocument<Row extends ScannedRow>(row: Row, document: FoundDocument): Row {
  if (row.id !== document['_id']) throw new Error('its id is not that of its document');
  return row;
}

/** Reads conversions. A row that cannot be read is reported and set aside. */
export interface ConversionReader {
  /** `read` throws for a row that cannot be read; undefined then. Throws if it could not be set aside. */
  one<Row>(document: FoundDocument, read: (document: FoundDocument) => Row): Promise<Row | undefined>;
  /** Those that can be read. */
  all<Row>(documents: readonly FoundDocument[], read: (document: FoundDocument) => Row): Promise<readonly Row[]>;
}

export function createConversionReader(table: ConversionTable, onSkipped: ReportSkipped): ConversionReader {
  async function setAside(id: string, cause: unknown): Promise<void> {
    // All that follows from the row goes, so that no query finds it. The row stays as it is.
    await table.update({
      filter: { _id: { $eq: id }, row: isThere },
      change: {
        $rename: { row: 'unreadable' },
        $unset: { listed: true, due: true, untold: true, withSource: true, limited: true },
      },
    });
    onSkipped({ kind: 'conversion', id, what: 'could not read the row of a conversion', cause });
  }

  async function one<Row>(document: FoundDocument, read: (document: FoundDocument) => Row): Promise<Row | undefined> {
    // It was set aside.
    if (document['row'] === undefined) return undefined;
    try {
      return read(document);
    } catch (cause) {
      await setAside(String(document['_id']), cause);
      return undefined;
    }
  }

  return {
    one,

    async all(documents, read) {
      const rows = [];
      for (const document of documents) {
        const row = await one(document, read);
        if (row !== undefined) rows.push(row);
      }
      return rows;
    },
  };
}

/** Gives all rows that were set aside their places back, if they can be read now: somebody may have mended them. Reports the others. */
export async function takeBackUnreadable(table: ConversionTable, onSkipped: ReportSkipped): Promise<void> {
  const found = await table.find({ index: 'unreadable', filter: { unreadable: isThere } });
  for (const { _id, unreadable, peaks } of found) {
    const id = String(_id);
    try {
      const { $unset: gone = {}, ...change } = toHold(toRow({ _id: id, row: unreadable, peaks }));
      await table.update({
        filter: { _id: { $eq: id }, unreadable: isThere },
        change: { ...change, $unset: { ...gone, unreadable: true } },
      });
    } catch (cause) {
      onSkipped({ kind: 'conversion', id, what: 'could not read the row of a conversion', cause });
    }
  }
}
