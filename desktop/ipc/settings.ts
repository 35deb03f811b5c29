import type { mp3BitratesKbps } from '../../shared/formats.ts';
import type { FolderWords } from './rows.ts';

/** The quality chosen for the next videos. */
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
  /** `folder` is for display; main keeps the path. */
  | { readonly kind: 'folder'; readonly folder: FolderWords }
  | { readonly kind: 'ask' };

export type WhenTaken = 'keep_both' | 'replace' | 'ask';
export type Theme = 'system' | 'light' | 'dark';

/** The settings as the renderer sees them. */
export interface Settings {
  readonly quality: Quality;
  readonly saveTo: SaveTo;
  readonly whenTaken: WhenTaken;
  /** Videos at once on this computer. Defaults to what the app advises. */
  readonly atOnce?: number;
  readonly notify: boolean;
  readonly notifySound: boolean;
  readonly theme: Theme;
  readonly keepInTray: boolean;
  readonly openAtLogin: boolean;
}

/** The settings that the renderer may change. Folders are chosen in a dialog that main opens. */
export type SettingsChange = Partial<
  Omit<Settings, 'saveTo' | 'atOnce'> & { readonly saveTo: 'beside' | 'ask'; readonly atOnce: number | null }
>;
