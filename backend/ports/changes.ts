/** What of a store one owner asks for who was away. */
export interface ChangesQuery {
  readonly owner: string;
  /** The `position` of an earlier answer. Any text is taken: one that was never given out counts as too old. */
  readonly since?: string;
  /** How many items are given at most; from 1. */
  readonly limit: number;
}

/** What one owner has missed. */
export interface Changes<Item> {
  /** In no order. */
  readonly items: readonly Item[];
  /**
   * A change position: where the store stood, to be given as `since` the next time. What this answer does not show, the next one
   * does. So a position never lies past a write that is not over: if another process has begun a write and is frozen in the middle
   * of it, or dies there, the row is shown to every reader whose position is from before the row changed. A store that writes the
   * row and its place in the order in two steps cannot promise that. A position may lie a little behind, so that the next answer
   * shows again what this one has shown: a store whose writes overlap needs that. Up to 90 letters, digits, dots and hyphens; good
   * for a store that was opened anew, too.
   */
  readonly position: string;
  /**
   * False when some are missing: there were more than `limit`, or the store cannot tell what happened since `since`. That is so
   * when rows that changed after it were deleted for good, and when it is no position of this store.
   */
  readonly complete: boolean;
}
