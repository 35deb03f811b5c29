/** Something that could not be handled, and was skipped so that the others behind it go on. */
export interface SkippedItem {
  readonly kind: SkippedKind;
  /** Identifies it among those of its kind. */
  readonly id: string;
  /** What could not be done, for the log. */
  readonly what: string;
  readonly cause: unknown;
}

export type SkippedKind = 'conversion' | 'notification' | 'mail' | 'batch' | 'blob' | 'folder' | 'round' | 'message';

/** Records a skipped item. May be called again for the same one. Never throws. */
export type ReportSkipped = (item: SkippedItem) => void;
