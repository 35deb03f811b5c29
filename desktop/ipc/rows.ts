import type { Track, Warning } from '../../shared/api.ts';
import type { ErrorCode, ErrorDetails } from '../../shared/errors.ts';

/** A folder as it is shown, outermost first: `['Movies', 'Lectures']`. Never empty. */
export type FolderWords = readonly string[];

/** Why a finished MP3 could not be saved. It is kept, and the person is asked for another folder. */
export type UnsavedReason = 'folder_away' | 'disk_full' | 'read_only';

/** The stage of a row between a video and its saved MP3. */
export type RowState =
  | { readonly kind: 'reading' }
  /** `whole`: the video is sent as it is, not its sound alone. */
  | { readonly kind: 'uploading'; readonly sentBytes: number; readonly totalBytes: number; readonly whole: boolean }
  /** `before`: how many are converted before it, once that is known. */
  | { readonly kind: 'waiting'; readonly before?: number }
  /** `speed`: seconds of sound a second. */
  | { readonly kind: 'converting'; readonly speed?: number }
  | { readonly kind: 'saving'; readonly folder: FolderWords }
  /** `kept`: the name of the file that was there already. `missing`: the MP3 is no longer where it was saved. */
  | {
      readonly kind: 'done';
      readonly folder: FolderWords;
      readonly kept?: string;
      readonly warning?: Warning;
      readonly missing?: boolean;
    }
  | {
      readonly kind: 'unsaved';
      readonly reason: UnsavedReason;
      readonly folder?: FolderWords;
      readonly neededBytes?: number;
    }
  | { readonly kind: 'paused' }
  | { readonly kind: 'offline_uploading'; readonly sentBytes: number; readonly totalBytes: number }
  | { readonly kind: 'offline_converting' }
  /** It belongs to an account that is not signed in now. */
  | { readonly kind: 'signed_out'; readonly host: string }
  | { readonly kind: 'cancelled' }
  /** `otherTrack`: the video has another audio track that may be better. */
  | {
      readonly kind: 'failed';
      readonly code: ErrorCode;
      readonly details?: ErrorDetails;
      /** The message that came with an unknown code. */
      readonly message?: string;
      readonly otherTrack: boolean;
      /** The server that was to convert it; absent for this computer. */
      readonly host?: string;
    };

/** One video in the list. */
export interface Row {
  readonly id: string;
  /** Rows are drawn in ascending order of this, which never changes. */
  readonly order: number;
  readonly sourceName: string;
  readonly sourceBytes: number;
  /** The MP3's name, once it has one. */
  readonly targetName?: string;
  readonly state: RowState;
  /** Overall progress up to the saved MP3, 0–1. Never decreases. Absent while reading. */
  readonly fraction?: number;
  /** Seconds, rounded for showing. Only while it is uploaded or converted. */
  readonly leftSeconds?: number;
  /** Length of the sound. */
  readonly durationSeconds?: number;
  /** Size of the MP3. */
  readonly resultBytes?: number;
  /** Its share of the progress strip, in any unit that is the same for all rows. */
  readonly weight: number;
  readonly tracks?: readonly Track[];
  /** Index of the chosen audio track, from 0. */
  readonly track?: number;
  /** True for some seconds after it was finished while the window was open. */
  readonly fresh?: boolean;
}

/** The summary above the list. */
export interface Summary {
  readonly mode: 'empty' | 'working' | 'paused' | 'offline' | 'finished';
  readonly total: number;
  readonly done: number;
  readonly failed: number;
  readonly unfinished: number;
  /** While the list is paused: how many go on, because their backend has them already. Absent for none. */
  readonly finishing?: number;
  /** Overall progress, 0–1. */
  readonly fraction: number;
  readonly leftSeconds?: number;
  /** Total length of the MP3s that are saved and listed. */
  readonly savedSeconds: number;
  readonly savedBytes: number;
}

/** What is known about a failure or a warning of a row. */
export interface RowDetails {
  readonly code?: ErrorCode;
  readonly details?: ErrorDetails;
  /** The message that came with an unknown code. */
  readonly message?: string;
  readonly attempt?: number;
  readonly warnings: readonly Warning[];
  /** Lines to be read, and for a bug report; contains no paths. */
  readonly report: string;
  readonly canRetry: boolean;
}

/** An MP3 that was saved at some time. */
export interface HistoryItem {
  readonly id: string;
  readonly name: string;
  readonly folder: FolderWords;
  /** The server that converted it; absent for this computer. */
  readonly host?: string;
  readonly track?: number;
  readonly durationSeconds: number;
  readonly bytes: number;
  /** Milliseconds since 1970. */
  readonly savedAt: number;
  readonly missing: boolean;
}

export interface HistoryQuery {
  /** Searched for in the names of videos and MP3s; empty for all. */
  readonly search: string;
  readonly offset: number;
  /** At most 200. */
  readonly limit: number;
}

export interface HistoryPage {
  /** Newest first. */
  readonly items: readonly HistoryItem[];
  /** How many match the search. */
  readonly found: number;
  /** Size of the whole history. */
  readonly total: number;
  readonly totalSeconds: number;
  readonly totalBytes: number;
}
