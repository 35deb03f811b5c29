import type { ErrorCode } from '../../../shared/errors.ts';
import type { OutputOptions } from '../../../shared/formats.ts';
import type { HistoryPage, HistoryQuery, Row, RowDetails, Summary } from '../../ipc.ts';

/** What became of a batch, told once when the last of it has ended: saved, failed or cancelled. */
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
  /** How many sound tracks it has, where that is known. */
  readonly tracks?: number;
}

/** What else is to be told to a person. */
export type ListNews =
  | { readonly kind: 'added'; readonly count: number; readonly leftOut: number }
  | ({ readonly kind: 'failed' } & FailedVideo)
  | { readonly kind: 'batch_ended'; readonly batch: BatchEnd }
  /** Can be undone for a while by `undo(undoId)`. */
  | { readonly kind: 'cancelled' | 'removed'; readonly undoId: string; readonly count: number; readonly name: string }
  /** It was to be converted again, and the video is not there any more. */
  | { readonly kind: 'source_missing'; readonly name: string };

export type ListChange =
  | { readonly type: 'rows'; readonly changed: readonly Row[]; readonly removed: readonly string[] }
  | { readonly type: 'summary'; readonly summary: Summary }
  | { readonly type: 'history' }
  | { readonly type: 'news'; readonly news: ListNews };

/** Files of a row, as the system needs them: to show, to copy, to drag, to play. */
export interface RowFiles {
  /** Absolute paths. */
  readonly source: string;
  /** Where it was saved; whether it still is there, the caller sees. */
  readonly saved?: string;
}

/**
 * The list of videos and the history: all rows from their drop to the saved MP3, kept in SQLite so that they come back as they were. Whatever
 * a method is told of a row that is not there, or that does not allow it any more, it lets pass.
 */
export interface ConversionList extends AsyncDisposable {
  rows(): readonly Row[];
  summary(): Summary;
  /** Changes of rows are told together, at most ten times a second. Returns what ends it. */
  follow(listener: (change: ListChange) => void): () => void;

  /** Absolute paths of files and folders, in the order dropped. */
  add(paths: readonly string[]): Promise<void>;
  cancel(id: string): Promise<void>;
  remove(id: string): Promise<void>;
  undo(undoId?: string): Promise<void>;
  /** What the removal kept for its undoing may go. */
  forgetUndo(undoId: string): void;
  clearFinished(): Promise<void>;
  retry(id: string): Promise<void>;
  pauseAll(): void;
  continueAll(): void;
  continueRow(id: string): void;
  chooseTrack(id: string, track: number): Promise<void>;
  convertHere(id: string): Promise<void>;
  /** The video was found again at `path`. */
  sourceFound(id: string, path: string): Promise<void>;
  /** Saves a sound that could not be saved into `folder`. */
  saveInto(id: string, folder: string): Promise<void>;
  details(id: string): RowDetails | null;
  peaks(id: string): Promise<readonly number[]>;
  files(id: string): RowFiles | undefined;
  /** Rows whose MP3 has gone say so from now on, and those whose has come back no longer. */
  lookForFiles(): Promise<void>;

  history(query: HistoryQuery): Promise<HistoryPage>;
  removeFromHistory(id: string): Promise<void>;
  /** With other options than the first time, where any are given. */
  convertAgain(id: string, options?: OutputOptions): Promise<void>;
  /** The id of the first listed row of a batch. */
  firstOfBatch(batchId: string): string | undefined;
  /** Here, and what the current backend keeps of what has ended. */
  clearHistory(): Promise<void>;

  /** How many rows would go on after a new start. */
  unfinished(): number;
}

/** What the list asks a person, through the system's dialogs. */
export interface Questions {
  /** Absolute path; undefined when the person thought better of it. `near` is where to begin to look. */
  folder(near: string | undefined): Promise<string | undefined>;
  /** Whether an MP3 of that name is to be replaced. */
  nameTaken(fileName: string): Promise<'keep_both' | 'replace'>;
}
