import { type Conversion, hasEnded } from '../../shared/api.ts';
import { isAppError } from '../../shared/errors.ts';
import type { ConversionRow, ConversionStore } from '../ports/conversion-store.ts';
import type { ConversionFiles } from './conversion-files.ts';
import type { ConversionViews } from './conversion-views.ts';
import type { OwnedRow } from './owned-row.ts';
import type { Publisher } from './publisher.ts';
import type { Rows } from './rows.ts';

/** How owners cancel conversions and remove them from their lists. */
export interface ConversionRemoval {
  /** Throws `wrong_state` once it has ended. */
  cancel(owner: string, id: string): Promise<Conversion>;
  /** Removes the conversion and its files. Cancels it first if it has not ended. */
  remove(owner: string, id: string): Promise<void>;
  /** Removes all that have ended. */
  clear(owner: string): Promise<void>;
}

export interface ConversionRemovalParts {
  readonly rows: Rows;
  readonly store: ConversionStore;
  readonly files: ConversionFiles;
  readonly views: ConversionViews;
  readonly ownedRow: OwnedRow;
  readonly publisher: Publisher;
}

export function createConversionRemoval(parts: ConversionRemovalParts): ConversionRemoval {
  const { rows, store, files, views, ownedRow, publisher } = parts;

  async function cancelRow(id: string): Promise<ConversionRow> {
    const { row } = await rows.decide(id, () => ({ type: 'cancelled' }));
    await publisher.ended(row);
    return row;
  }

  /** Returns false if it has not ended, and true once it is removed, by this call or another. */
  async function removeIfEnded(id: string): Promise<boolean> {
    const { row, changed } = await rows.decide(id, (row) =>
      hasEnded(row.state) && row.removedAt === undefined ? { type: 'removed' } : undefined,
    );
    if (changed) {
      await publisher.ended(row);
      await files.remove(row);
    }
    return row.removedAt !== undefined;
  }

  return {
    async cancel(owner, id) {
      await ownedRow(owner, id);
      const row = await cancelRow(id);
      // An upload in one request removes its own bytes. A resumable upload may have no request that could.
      if (row.upload !== undefined && row.sourceGone) await files.remove(row);
      return await views.one(row);
    },

    async remove(owner, id) {
      await ownedRow(owner, id);
      while (!(await removeIfEnded(id))) {
        await cancelRow(id).catch((error: unknown) => {
          // It ended by itself in between: the next round removes it.
          if (!isAppError(error, 'wrong_state')) throw error;
        });
      }
    },

    async clear(owner) {
      for (const state of ['done', 'failed', 'cancelled'] as const) {
        for (;;) {
          const { items } = await store.page({ owner, state, limit: 100 });
          if (items.length === 0) break;
          // At once: a store makes all their writes durable together.
          await Promise.all(items.map(({ id }) => removeIfEnded(id)));
        }
      }
    },
  };
}
