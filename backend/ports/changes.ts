/** What of a store one owner asks for who was away. */
export interface ChangesQuery {
  readonly owner: string;
  /** The `position` of an earlier answer. Any text is taken: what was never given out is as good as too old. */
  readonly since?: string;
  /** How many items are given at most; from 1. */
  readonly limit: number;
}

/** What one owner has missed. */
export interface Changes<Item> {
  /** In no order. */
  readonly items: readonly Item[];
  /**
   * Where the store stood, to be given as `since` the next time: whatever this answer does not show, the next one will. It may lie
   * a little behind, so that the next answer shows again what this one has shown: stores whose writes do not come one after the
   * other need that. Up to 90 letters, digits, dots and hyphens; the same for a store that was opened anew.
   */
  readonly position: string;
  /**
   * False when some are missing: there were more than `limit`, or the store cannot tell what happened since `since`. That is so
   * when rows that changed after it were deleted for good, and when it is no position of this store.
   */
  readonly complete: boolean;
}
