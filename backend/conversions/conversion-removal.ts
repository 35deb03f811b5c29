import { type Conversion, hasEnded, maxPageItems } from '../../shared/api.ts';
import { isAppError } from '../../shared/errors.ts';
import type { ConversionQuery, ConversionRow, ConversionStore } from '../ports/conversion-store.ts';
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
  /** Removes all that have ended. If some cannot be removed, removes the others before it throws. */
  clear(owner: string): Promise<void>;
  /** Removes everything of an account that is being removed, also what cannot be read. The same holds for errors. */
  removeAll(owner: string): Promise<void>;
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

  /**
   * Changes the row of a conversion that its owner removes. If the disk is too full for that, the files are removed first. Otherwise
   * they go after the row: a crash in between must not leave a row that has lost its files.
   */
  async function makingRoom<Result>(id: string, change: () => Promise<Result>): Promise<Result> {
    try {
      return await change();
    } catch (error) {
      const row = isAppError(error, 'disk_full') ? await rows.get(id) : undefined;
      if (row === undefined) throw error;
      // With the fence that the next change gives the row, so that nobody who works on it writes the files again.
      await files.remove({ ...row, revision: row.revision + 1 });
      return await change();
    }
  }

  async function cancelRow(id: string): Promise<ConversionRow> {
    const { row } = await rows.decide(id, () => ({ type: 'cancelled' }));
    await publisher.ended(row);
    return row;
  }

  /** Returns false if it has not ended, and true once it is removed, by this call or another. */
  async function removeIfEnded(id: string): Promise<boolean> {
    const { row, changed } = await makingRoom(id, () =>
      rows.decide(id, ({ state, removedAt }) =>
        hasEnded(state) && removedAt === undefined ? { type: 'removed' } : undefined,
      ),
    );
    if (changed) {
      await publisher.ended(row);
      await files.remove(row);
    }
    return row.removedAt !== undefined;
  }

  /** Removes the row, and cancels it first if it has not ended. */
  async function removeNow(id: string): Promise<void> {
    while (!(await removeIfEnded(id))) {
      await makingRoom(id, () => cancelRow(id)).catch((error: unknown) => {
        // It ended by itself in between: the next round removes it.
        if (!isAppError(error, 'wrong_state')) throw error;
      });
    }
  }

  /** Does this with each row that the owner has. If it fails for some, throws the first error after all others are done. */
  async function forEachRow(
    query: Pick<ConversionQuery, 'owner' | 'state'>,
    work: (id: string) => Promise<unknown>,
  ): Promise<void> {
    const errors: unknown[] = [];
    let cursor: { readonly cursor?: string } = {};
    for (;;) {
      const { items, next } = await store.page({ ...query, ...cursor, limit: maxPageItems });
      // At once: a store makes all their writes durable together.
      const outcomes = await Promise.allSettled(items.map(({ id }) => work(id)));
      for (const outcome of outcomes) {
        // Somebody else may have removed it.
        if (outcome.status === 'rejected' && !isAppError(outcome.reason, 'not_found')) errors.push(outcome.reason);
      }
      if (next === undefined) break;
      cursor = { cursor: next };
    }
    if (errors.length > 0) throw errors[0];
  }

  return {
    async cancel(owner, id) {
      const { upload, state } = await ownedRow(owner, id);
      const isUploading = upload !== undefined && state === 'uploading';
      // The video of a cancelled upload is of no use, but any other is kept for a retry.
      const row = await (isUploading ? makingRoom(id, () => cancelRow(id)) : cancelRow(id));
      // An upload in one request removes its own bytes. A resumable upload may have no request that could.
      if (row.upload !== undefined && row.sourceGone) await files.remove(row);
      return await views.one(row);
    },

    async remove(owner, id) {
      await ownedRow(owner, id);
      await removeNow(id);
    },

    async clear(owner) {
      for (const state of ['done', 'failed', 'cancelled'] as const) await forEachRow({ owner, state }, removeIfEnded);
    },

    async removeAll(owner) {
      await forEachRow({ owner }, removeNow);
      await store.forgetUnreadable(owner);
    },
  };
}
