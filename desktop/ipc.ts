import type { Track, Warning } from '../shared/api.ts';
import type { ErrorCode, ErrorDetails } from '../shared/errors.ts';
import type { mp3BitratesKbps, OutputOptions } from '../shared/formats.ts';

/**
 * The whole contract between the main process, which holds the state, and the renderer, which draws it: what is sent to the
 * renderer, and what it may ask for. All of it is plain data. Paths stay in main: the renderer knows names and places to show.
 */

export type System = 'macos' | 'windows' | 'linux';

/** A folder as people are told of it, from the outside in: `['Movies', 'Lectures']`. Never empty. */
export type FolderWords = readonly string[];

/** Why a finished sound could not be saved: it is kept, and the person is asked. */
export type UnsavedReason = 'folder_away' | 'disk_full' | 'read_only' | 'name_taken' | 'no_folder';

/** Where a row is on its way from a video to a saved MP3. */
export type RowState =
  | { readonly kind: 'reading' }
  /** `whole`: the video is sent as it is, not its sound alone. */
  | { readonly kind: 'uploading'; readonly sentBytes: number; readonly totalBytes: number; readonly whole: boolean }
  /** `before`: how many go first, once that is known. */
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
  /** Belongs to an account that is not signed in now. */
  | { readonly kind: 'signed_out'; readonly host: string }
  | { readonly kind: 'cancelled' }
  /** `otherTrack`: the video has another audio track that may be better. */
  | {
      readonly kind: 'failed';
      readonly code: ErrorCode;
      readonly details?: ErrorDetails;
      readonly otherTrack: boolean;
      /** What was to convert it, where that is a server. */
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
  /** Of the whole way to the saved MP3, 0–1; never goes back. Absent while reading. */
  readonly fraction?: number;
  /** Seconds, rounded for showing. */
  readonly leftSeconds?: number;
  /** Of the sound. */
  readonly durationSeconds?: number;
  /** Of the MP3. */
  readonly resultBytes?: number;
  /** How much of the strip is its: any unit, the same for all rows. */
  readonly weight: number;
  readonly tracks?: readonly Track[];
  /** The audio track that was asked for, from 0. */
  readonly track?: number;
  /** True for the seconds after it was finished before the person's eyes. */
  readonly fresh?: boolean;
}

/** The line on top of the list. */
export interface Summary {
  readonly mode: 'empty' | 'working' | 'paused' | 'offline' | 'finished';
  readonly total: number;
  readonly done: number;
  readonly failed: number;
  readonly unfinished: number;
  /** Overall, 0–1. */
  readonly fraction: number;
  readonly leftSeconds?: number;
  /** Of the sounds that are saved and listed. */
  readonly savedSeconds: number;
  readonly savedBytes: number;
}

/** Where the work is done. */
export type BackendStatus =
  /** The first run: nobody has said yet. */
  | { readonly kind: 'none' }
  | {
      readonly kind: 'here';
      readonly state: 'ready' | 'starting' | 'broken';
      /** A sentence, where it is broken: no ffmpeg, for example. */
      readonly problem?: string;
      /** How many videos at once the app would choose for this computer. */
      readonly advisedAtOnce: number;
    }
  | {
      readonly kind: 'server';
      readonly host: string;
      readonly email: string;
      readonly connection: 'connected' | 'connecting' | 'offline' | 'signed_out';
      /** The person has signed out in this app, and knows. */
      readonly leftOnPurpose?: true;
      /** When the next try is, milliseconds since 1970; while offline. */
      readonly nextTryAt?: number;
      /** Whether finished batches are mailed; absent where the server cannot mail. */
      readonly mail?: boolean;
      /** Whether the account's address is confirmed; a code was mailed to it. */
      readonly confirmed: boolean;
      /** The system keeps no secrets: whoever signed in has to do it again after the next start. */
      readonly thisSessionOnly: boolean;
      /** Others on the way can read along: http to another computer. */
      readonly readable: boolean;
    };

/** What a person chose for the quality of the next videos. */
export type Quality =
  | { readonly kind: 'voice' }
  | { readonly kind: 'standard' }
  | { readonly kind: 'best' }
  /** One of the two, by the names of `OutputOptions`. */
  | {
      readonly kind: 'custom';
      readonly bitrateKbps?: (typeof mp3BitratesKbps)[number];
      readonly quality?: number;
      readonly mono: boolean;
    };

export type SaveTo =
  | { readonly kind: 'beside' }
  /** `folder`: for showing; which one it is, main knows. */
  | { readonly kind: 'folder'; readonly folder: FolderWords }
  | { readonly kind: 'ask' };

export type WhenTaken = 'keep_both' | 'replace' | 'ask';
export type Theme = 'system' | 'light' | 'dark';

/** The settings as the renderer sees them. */
export interface Settings {
  readonly quality: Quality;
  readonly saveTo: SaveTo;
  readonly whenTaken: WhenTaken;
  /** Videos at once on this computer; absent: as many as the app advises. */
  readonly atOnce?: number;
  readonly notify: boolean;
  readonly notifySound: boolean;
  readonly theme: Theme;
  readonly keepInTray: boolean;
  readonly openAtLogin: boolean;
}

/** What the renderer may change by itself; folders are chosen in a dialog that main opens. */
export type SettingsChange = Partial<
  Omit<Settings, 'saveTo' | 'atOnce'> & { readonly saveTo: 'beside' | 'ask'; readonly atOnce: number | null }
>;

/** One entry of the list of notifications: the server's and the app's own alike. */
export interface Notice {
  readonly id: string;
  readonly unread: boolean;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly title: string;
  /** File names, each shown on a line of its own. */
  readonly names: readonly string[];
  /** Further sentences. */
  readonly lines: readonly string[];
  readonly action?: { readonly kind: 'show_in_folder' | 'show_in_list' | 'sign_in'; readonly label: string };
}

/** Goes by itself after some seconds, but for while it is looked at. */
export interface Toast {
  readonly id: string;
  readonly text: string;
  readonly action?: { readonly kind: 'undo' | 'show_in_folder' | 'show_in_list'; readonly label: string };
}

/** All that the renderer draws from. */
export interface AppState {
  readonly system: System;
  readonly version: string;
  readonly backend: BackendStatus;
  readonly summary: Summary;
  /** In the order in which they are drawn. */
  readonly rows: readonly Row[];
  readonly settings: Settings;
  readonly notices: readonly Notice[];
  readonly toasts: readonly Toast[];
}

/** What main tells of changes, several at a time, in their order. */
export type AppChange =
  /** `changed` are new ones, too; they go where their `order` says. */
  | { readonly type: 'rows'; readonly changed: readonly Row[]; readonly removed: readonly string[] }
  | { readonly type: 'summary'; readonly summary: Summary }
  | { readonly type: 'backend'; readonly backend: BackendStatus }
  | { readonly type: 'settings'; readonly settings: Settings }
  | { readonly type: 'notices'; readonly notices: readonly Notice[] }
  | { readonly type: 'toasts'; readonly toasts: readonly Toast[] }
  /** To be said to whoever listens instead of looking. */
  | { readonly type: 'announce'; readonly text: string }
  /** The history is another one now: ask again. */
  | { readonly type: 'history' }
  /** A menu, a key or a notification asks for something to be shown. */
  | { readonly type: 'show'; readonly view: View };

/** What fills the window. */
export type Page = 'now' | 'history' | 'settings' | 'welcome';

export type View =
  | { readonly kind: 'now' | 'history' | 'find' | 'settings' | 'welcome' | 'notices' }
  /** Scrolls to a row and focuses it. */
  | { readonly kind: 'row'; readonly id: string }
  | { readonly kind: 'details' | 'tracks'; readonly id: string }
  /** Plays a row's sound, or pauses it. */
  | { readonly kind: 'play'; readonly id: string };

/** Why signing in, or what belongs to it, did not work. */
export type AccountProblem =
  | { readonly code: 'address' | 'email' | 'short_password' | 'wrong_password' | 'wrong_code' | 'taken' | 'signed_out' }
  | { readonly code: 'unreachable' | 'not_soundlift' | 'closed' | 'no_mail'; readonly host: string }
  /** `endedAt`: milliseconds since 1970, where the certificate has run out. */
  | {
      readonly code: 'certificate';
      readonly host: string;
      readonly reason: 'expired' | 'not_yet' | 'other_name' | 'unknown_issuer' | 'other';
      readonly endedAt?: number;
    }
  | { readonly code: 'too_many'; readonly againInSeconds: number }
  /** What is none of these, as a sentence. */
  | { readonly code: 'other'; readonly sentence: string };

export type AccountAnswer =
  /** `codeMailed`: the address of a new account is to be confirmed by a code that was mailed to it. */
  { readonly ok: true; readonly codeMailed?: true } | { readonly ok: false; readonly problem: AccountProblem };

export interface SignInForm {
  readonly address: string;
  readonly email: string;
  readonly password: string;
}

/** What a server shows of itself. */
export interface Certificate {
  readonly subject: string;
  readonly issuer: string;
  /** Milliseconds since 1970. */
  readonly validFrom: number;
  readonly validTo: number;
  /** SHA-256, hexadecimal with colons. */
  readonly fingerprint: string;
}

/** What the converter said of a row. */
export interface RowDetails {
  readonly code?: ErrorCode;
  readonly details?: ErrorDetails;
  readonly attempt?: number;
  readonly warnings: readonly Warning[];
  /** What was reported, for a person who helps: no paths. */
  readonly report: string;
  readonly canRetry: boolean;
}

/** A sound that was saved once. */
export interface HistoryItem {
  readonly id: string;
  readonly name: string;
  readonly folder: FolderWords;
  /** Where it was converted, when that was a server. */
  readonly host?: string;
  readonly track?: number;
  readonly durationSeconds: number;
  readonly bytes: number;
  /** Milliseconds since 1970. */
  readonly savedAt: number;
  readonly missing: boolean;
}

export interface HistoryQuery {
  /** In the names of videos and sounds; empty for all. */
  readonly search: string;
  readonly offset: number;
  /** At most 200. */
  readonly limit: number;
}

export interface HistoryPage {
  /** Newest first. */
  readonly items: readonly HistoryItem[];
  /** How many fit the search. */
  readonly found: number;
  /** Of the whole history. */
  readonly total: number;
  readonly totalSeconds: number;
  readonly totalBytes: number;
}

/**
 * All that the renderer may ask for. Main refuses what does not fit (`desktop/main/requests`), answers what is asked, and tells all
 * else by changes.
 */
export interface Requests {
  /** The state now; changes are told from then on. */
  state(): AppState;
  /** Tells which page the person sees: what happens in the list while it is another one is told by a toast. */
  shown(page: Page): void;

  // Where the work is done.
  useThisComputer(): void;
  signIn(form: SignInForm): AccountAnswer;
  createAccount(form: SignInForm): AccountAnswer;
  /** The code that was mailed to a new account. */
  confirmAddress(code: string): AccountAnswer;
  sendCodeAgain(): AccountAnswer;
  /** Mails a code to whoever forgot the password. */
  forgotPassword(form: Omit<SignInForm, 'password'>): AccountAnswer;
  /** With that code; signs in as well. */
  resetPassword(form: SignInForm & { readonly code: string }): AccountAnswer;
  certificate(address: string): Certificate | null;
  signOut(): void;
  setMail(wanted: boolean): AccountAnswer;
  tryNow(): void;

  // The list.
  /** Opens the dialog. */
  chooseVideos(): void;
  /** Absolute paths of files and folders, as they were dropped. */
  addPaths(paths: readonly string[]): void;
  /** Files on the clipboard. */
  paste(): void;
  /** What still goes is cancelled, what has ended is removed from the list; both can be undone. */
  cancel(id: string): void;
  remove(id: string): void;
  /** Clears finished rows away, into the history. */
  clearFinished(): void;
  /** The toast's, or else the latest that can be undone. */
  undo(toastId: string | null): void;
  /** The toast was seen or sent away. */
  dismissToast(toastId: string): void;
  retry(id: string): void;
  pauseAll(): void;
  continueAll(): void;
  continueRow(id: string): void;
  chooseTrack(id: string, track: number): void;
  convertHere(id: string): void;
  /** Asks for the file where it is now. */
  findSource(id: string): void;
  /** Asks for another folder for a sound that could not be saved. */
  saveElsewhere(id: string): void;
  showInFolder(id: string): void;
  showSource(id: string): void;
  copyFile(id: string): void;
  /** Starts dragging the MP3 out of the window. */
  dragOut(id: string): void;
  /** Opens the system's menu of a row. */
  rowMenu(id: string): void;
  details(id: string): RowDetails | null;
  copyText(text: string): void;
  /** 0–255 each, up to 400, evenly over the sound; of a row or of an item of the history. */
  peaks(id: string): readonly number[];

  // The history.
  history(query: HistoryQuery): HistoryPage;
  removeFromHistory(id: string): void;
  convertAgain(id: string): void;
  clearHistory(): void;

  // Notifications.
  markNoticesRead(): void;
  noticeAction(id: string): void;
  toastAction(id: string): void;

  // Settings.
  changeSettings(change: SettingsChange): void;
  /** Opens the dialog for the one folder. */
  chooseSaveFolder(): void;
  /** Opens the system's menu of places to save to. */
  saveMenu(): void;
  copyReport(): void;
  showLicences(): void;
}

export type RequestName = keyof Requests;

/** What of an object lies behind each name is checked by the type: one that was forgotten does not compile. */
const allRequests: Readonly<Record<RequestName, true>> = {
  state: true,
  shown: true,
  useThisComputer: true,
  signIn: true,
  createAccount: true,
  confirmAddress: true,
  sendCodeAgain: true,
  forgotPassword: true,
  resetPassword: true,
  certificate: true,
  signOut: true,
  setMail: true,
  tryNow: true,
  chooseVideos: true,
  addPaths: true,
  paste: true,
  cancel: true,
  remove: true,
  clearFinished: true,
  undo: true,
  dismissToast: true,
  retry: true,
  pauseAll: true,
  continueAll: true,
  continueRow: true,
  chooseTrack: true,
  convertHere: true,
  findSource: true,
  saveElsewhere: true,
  showInFolder: true,
  showSource: true,
  copyFile: true,
  dragOut: true,
  rowMenu: true,
  details: true,
  copyText: true,
  peaks: true,
  history: true,
  removeFromHistory: true,
  convertAgain: true,
  clearHistory: true,
  markNoticesRead: true,
  noticeAction: true,
  toastAction: true,
  changeSettings: true,
  chooseSaveFolder: true,
  saveMenu: true,
  copyReport: true,
  showLicences: true,
};

export const requestNames = Object.keys(allRequests) as readonly RequestName[];

/** The channel of a request, and the one on which changes are told. */
export const requestChannel = (name: RequestName): string => `request:${name}`;
export const changesChannel = 'changes';

/** What the renderer is given, as `window.soundlift`. */
export type SoundliftApi = {
  readonly [Name in RequestName]: (...args: Parameters<Requests[Name]>) => Promise<Awaited<ReturnType<Requests[Name]>>>;
} & {
  /** Calls `listener` with what changes; returns what ends it. */
  onChanges(listener: (changes: readonly AppChange[]) => void): () => void;
  /** The paths of dropped files; those that lie on no disk are left out. */
  pathsOf(files: readonly File[]): readonly string[];
};

/** Where the renderer hears of sounds: `soundlift-sound://row/ID` is the MP3 of a row, or of an item of the history. */
export const soundScheme = 'soundlift-sound';
export const soundUrl = (id: string): string => `${soundScheme}://row/${encodeURIComponent(id)}`;

/** The options of the next videos' conversion. */
export function outputOptionsOf(quality: Quality): OutputOptions {
  switch (quality.kind) {
    case 'voice':
      return { format: 'mp3', bitrateKbps: 64, channels: 1 };
    case 'standard':
      return { format: 'mp3', quality: 2 };
    case 'best':
      return { format: 'mp3', bitrateKbps: 320 };
    case 'custom': {
      const { bitrateKbps, quality: level, mono } = quality;
      return {
        format: 'mp3',
        ...(bitrateKbps === undefined ? { quality: level ?? 2 } : { bitrateKbps }),
        ...(mono ? { channels: 1 } : {}),
      };
    }
  }
}
