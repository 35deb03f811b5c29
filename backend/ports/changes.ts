/** A query for the changes that one owner has missed. */
export interface ChangesQuery {
  readonly owner: string;
  /** The `position` of an earlier answer. Any text is accepted; one that was never given out counts as too old. */
  readonly since?: string;
  /** The largest number of items to return, from 1. */
  readonly limit: number;
}

/** The changes that one owner has missed. */
export interface Changes<Item> {
  /** In no order. */
  readonly items: readonly Item[];
  /**
   * The current change position of the store, to be given as `since` the next time. Changes that this answer does not show, the
   * next one does. So a position must not include a write that has not ended. If another process has started a write and is
   * frozen in the middle of it, or dies there, the row is shown to every reader whose position is from before the row changed. A
   * store that writes the row and its place in the order in two steps cannot guarantee that. A position may be a little too
   * early, so that the next answer repeats some changes; a store whose writes overlap needs this. Up to 90 letters, digits, dots
   * and hyphens. Stays valid when the store is opened again.
   */
  readonly position: string;
  /**
   * False if some changes are missing: there were more than `limit`, or the store cannot determine what happened since `since`.
   * That is so if rows that changed after it were deleted permanently, and if it is no position of this store.
   */
  readonly complete: boolean;
}

/** A query for changes in their order. */
export type ChangesAfterQuery = Required<ChangesQuery>;

/** Changes in the order of their last writes, so that they can be read in portions. */
export interface ChangesInOrder<Item> {
  /** Each item once, in its current state. */
  readonly items: readonly Item[];
  /** The change position after the last of them, with all that is said of {@link Changes.position}. */
  readonly position: string;
  /** Whether there are no more for now. */
  readonly complete: boolean;
}
