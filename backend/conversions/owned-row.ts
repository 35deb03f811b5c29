import type { ConversionRow, ConversionStore } from '../ports/conversion-store.ts';
import { notFound } from './rows.ts';

/** Reads an owner's row. Throws `not_found` if there is none, if it was removed, or if another owner has it. */
export type OwnedRow = (owner: string, id: string) => Promise<ConversionRow>;

export function createOwnedRow(store: Pick<ConversionStore, 'get'>): OwnedRow {
  return async (owner, id) => {
    const row = await store.get(id);
    if (row === undefined || row.owner !== owner || row.removedAt !== undefined) throw notFound();
    return row;
  };
}
