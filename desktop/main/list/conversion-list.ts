import type { ErrorCode } from '../../../shared/errors.ts';
import type { OutputOptions } from '../../../shared/formats.ts';
import type { HistoryPage, HistoryQuery, Row, RowDetails, Summary } from '../../ipc.ts';

/** The outcome of a batch, reported once all of its entries are saved, failed or cancelled. */
export interface BatchEnd {
  readonly batchId: string;
  readonly saved: readonly {
    readonly id: string;
    readonly name: string;
    readonly seconds: number;
    readonly bytes: number;
    /** Absolute path. */
    readonly file: string;
    readonly warned: boolean;
  }[];
  readonly failed: readonly FailedVideo[];
}

export interface FailedVideo {
  readonly id: string;
  readonly name: string;
  readonly code: ErrorCode;
  /** The message that came with an unknown code. */
  readonly message?: string;
  /** How many audio tracks it has, if known. */
  readonly tracks?: number;
}

/** News for the person. */
export type ListNews =
  | { readonly kind: 'added'; readonly count: number; readonly leftOut: number }
  | ({ readonly kind: 'failed' } & FailedVideo)
  | { readonly kind: 'batch_ended'; readonly batch: BatchEnd }
  /** Can be undone for a while by `undo(undoId)`. */
  | { readonly kind: 'cancelled' | 'removed'; readonly undoId: string; readonly count: number; readonly name: string }
  /** A video that was to be converted again no longer exists. */
  | { readonly kind: 'source_missing'; readonly name: string }
  /** A change did not fit on the disk of the list. While that lasts, this comes again and again. */
  | { readonly kind: 'list_disk_full' };

export type ListChange =
  | { readonly type: 'rows'; readonly changed: readonly Row[]; readonly removed: readonly string[] }
  | { readonly type: 'summary'; readonly summary: Summary }
  | { readonly type: 'history' }
  | { readonly type: 'news'; readonly news: ListNews };

/** The files of a row: to show, copy, drag and play. */
export interface RowFiles {
  /** Absolute paths. */
  readonly source: string;
  /** Where its MP3 was saved. It may have been moved since. */
  readonly saved?: string;
}

/**
 * The list of videos and the history: all rows from the drop to the saved MP3, kept in SQLite so that they outlive the app. A call for a row
 * that does not exist, or whose state does not allow it, does nothing.
 */
export interface ConversionList extends AsyncDisposable {
  rows(): readonly Row[];
  summary(): Summary;
  /** Calls `listener` with all changes, those of rows at most ten times a second. Returns a function that stops this. */
  follow(listener: (change: ListChange) => void): () => void;

  /** Adds files and folders, given by absolute paths in the order dropped. */
  add(paths: readonly string[]): Promise<void>;
  cancel(id: string): Promise<void>;
  remove(id: string): Promise<void>;
  undo(undoId?: string): Promise<void>;
  /** To be called when an undo is no longer offered. What was kept for it is removed. */
  forgetUndo(undoId: string): void;
  clearFinished(): Promise<void>;
  retry(id: string): Promise<void>;
  pauseAll(): void;
  continueAll(): void;
  continueRow(id: string): void;
  chooseTrack(id: string, track: number): Promise<void>;
  convertHere(id: string): Promise<void>;
  /** Starts again with the video that the person has found at `path`. */
  sourceFound(id: string, path: string): Promise<void>;
  /** Saves an MP3 that could not be saved, into `folder`. */
  saveInto(id: string, folder: string): Promise<void>;
  details(id: string): RowDetails | null;
  peaks(id: string): Promise<readonly number[]>;
  files(id: string): RowFiles | undefined;
  /** Checks which MP3s still exist; the rows of missing ones say so. */
  lookForFiles(): Promise<void>;

  history(query: HistoryQuery): Promise<HistoryPage>;
  removeFromHistory(id: string): Promise<void>;
  /** Converts the video again, with `options` instead of the earlier ones if given. */
  convertAgain(id: string, options?: OutputOptions): Promise<void>;
  /** The id of the first listed row of a batch. */
  firstOfBatch(batchId: string): string | undefined;
  /** Clears the history, and the ended conversions at the current backend. */
  clearHistory(): Promise<void>;

  /** How many rows have not ended. */
  unfinished(): number;
}

/** Questions of the list to the person, through the system's dialogs. */
export interface Questions {
  /** Absolute path; undefined if the person cancels. The dialog opens at `near`. */
  folder(near: string | undefined): Promise<string | undefined>;
  /** Asks whether to replace an MP3 of that name. */
  nameTaken(fileName: string): Promise<'keep_both' | 'replace'>;
}
