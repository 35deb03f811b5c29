import type { Filter } from 'mongodb';
import type { ConversionState } from '../../../shared/api.ts';
import type { ConversionStore, ScanKind, ScannedRow } from '../../ports/conversion-store.ts';
import {
  type ConversionIndex,
  type ConversionReader,
  type ConversionTable,
  type StoredConversion,
  scannedFields,
  toScanned,
} from './mongo-conversion-documents.ts';
import { type FoundDocument, valueAt } from './mongo-table.ts';

/** How many rows of a scan are in memory at a time. */
const scanPortion = 200;

const scannedStates: Readonly<Record<ScanKind, readonly ConversionState[]>> = {
  working: ['uploading', 'converting'],
  queued: ['queued'],
};

/** The part of the store that reads the conversions of all owners for the sweeper. */
type ConversionScans = Pick<ConversionStore, 'scan' | 'scanExpired' | 'scanIds'>;

export function createConversionScans(table: ConversionTable, reader: ConversionReader): ConversionScans {
  /** Rows with an expired thing of one kind, in the order of an index. `time` is the path of the field that the index begins with. */
  async function* scanUntil(
    index: ConversionIndex,
    condition: Filter<StoredConversion>,
    time: 'removedAt' | 'endedAt',
    until: string,
  ): AsyncGenerator<ScannedRow> {
    const field = `row.${time}`;
    let after: readonly [string, string] = ['', ''];
    for (;;) {
      const found: readonly FoundDocument[] = await table.find({
        index,
        filter: {
          ...condition,
          [field]: { $gte: after[0], $lte: until },
          $or: [{ [field]: { $gt: after[0] } }, { _id: { $gt: after[1] } }],
        },
        sort: { [field]: 1, _id: 1 },
        limit: scanPortion,
        fields: scannedFields,
      });
      yield* await reader.all(found, toScanned);
      const last = found.at(-1);
      if (last === undefined || found.length < scanPortion) return;
      after = [String(valueAt(last, field)), String(last['_id'])];
    }
  }

  return {
    async *scanExpired({ removed, ended, sources }) {
      yield* scanUntil('removed', {}, 'removedAt', removed);
      yield* scanUntil('ended', { listed: true }, 'endedAt', ended);
      yield* scanUntil('with_sources', { withSource: true }, 'endedAt', sources);
    },

    async *scan(kind) {
      let after = '';
      for (;;) {
        const found: readonly FoundDocument[] = await table.find({
          index: 'by_state',
          filter: { 'row.state': { $in: scannedStates[kind] }, _id: { $gt: after } },
          sort: { _id: 1 },
          limit: scanPortion,
          fields: scannedFields,
        });
        yield* await reader.all(found, toScanned);
        const last = found.at(-1);
        if (last === undefined || found.length < scanPortion) return;
        after = String(last['_id']);
      }
    },

    async scanIds(ids) {
      const found = await table.find({ index: 'ids', filter: { _id: { $in: ids } }, fields: scannedFields });
      const rows = await reader.all(found, toScanned);
      const readable = new Set(rows.map(({ id }) => id));
      return { rows, unreadable: found.map(({ _id }) => String(_id)).filter((id) => !readable.has(id)) };
    },
  };
}
