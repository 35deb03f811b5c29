import { isAppError } from '../../../shared/errors.ts';
import type { LeaseStore } from '../../ports/lease-store.ts';
import type { MongoTable, StoredDocument, TableDescription } from './mongo-table.ts';

interface StoredLease extends StoredDocument {
  readonly counter: number;
  readonly held: boolean;
}

export type LeaseTable = MongoTable<StoredLease, never>;

export const leasesTable: TableDescription<never> = { name: 'leases', indexes: {} };

/** Leases in MongoDB, each one document with the lease's name as its id. */
export function createMongoLeaseStore(table: LeaseTable): LeaseStore {
  return {
    async read(name) {
      const [found] = await table.find({ index: 'ids', filter: { _id: { $eq: name } }, limit: 1 });
      return { counter: Number(found?.['counter'] ?? 0), held: found?.['held'] === true };
    },

    async raise(name, counter, held) {
      const filter = { _id: { $eq: name }, counter: { $eq: counter } };
      const change = { $inc: { counter: 1 }, $set: { held } };
      if (counter !== 0) return await table.update({ filter, change });
      try {
        // No document has the counter 0, so this only ever inserts.
        await table.upsert({ filter: { _id: { $eq: name }, counter: { $lt: 1 } }, change });
        return true;
      } catch (error) {
        if (isAppError(error, 'taken')) return false;
        throw error;
      }
    },
  };
}
