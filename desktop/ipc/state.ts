import type { BackendStatus } from './backends.ts';
import type { Row, Summary } from './rows.ts';
import type { Settings } from './settings.ts';

export type System = 'macos' | 'windows' | 'linux';

/** One item of the list of notifications, from the server or from the app itself. */
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

/** Disappears after some seconds, but not while the pointer or the focus is on it. */
export interface Toast {
  readonly id: string;
  readonly text: string;
  readonly action?: { readonly kind: 'undo' | 'show_in_folder' | 'show_in_list'; readonly label: string };
}

/** The whole state that the renderer draws. */
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

/** Changes of the state. Main sends several at a time, in order. */
export type AppChange =
  /** `changed` includes new rows; `order` says where they go. */
  | { readonly type: 'rows'; readonly changed: readonly Row[]; readonly removed: readonly string[] }
  | { readonly type: 'summary'; readonly summary: Summary }
  | { readonly type: 'backend'; readonly backend: BackendStatus }
  | { readonly type: 'settings'; readonly settings: Settings }
  | { readonly type: 'notices'; readonly notices: readonly Notice[] }
  | { readonly type: 'toasts'; readonly toasts: readonly Toast[] }
  /** To be read out by a screen reader. */
  | { readonly type: 'announce'; readonly text: string }
  /** The history has changed: ask for it again. */
  | { readonly type: 'history' }
  /** A menu, a key or a notification asks the renderer to show something. */
  | { readonly type: 'show'; readonly view: View };

/** The page that fills the window. */
export type Page = 'now' | 'history' | 'settings' | 'welcome';

export type View =
  | { readonly kind: 'now' | 'history' | 'find' | 'settings' | 'welcome' | 'notices' }
  /** Scrolls to a row and focuses it. */
  | { readonly kind: 'row'; readonly id: string }
  | { readonly kind: 'details' | 'tracks'; readonly id: string }
  /** Plays a row's sound, or pauses it. */
  | { readonly kind: 'play'; readonly id: string };
