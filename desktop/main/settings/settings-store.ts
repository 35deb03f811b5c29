import type { Quality, Theme, WhenTaken } from '../../ipc.ts';

/** Where a person wants the work to be done. */
export type ChosenBackend =
  | { readonly kind: 'none' }
  | { readonly kind: 'here' }
  /** `url` as `parseServerAddress` gives it. */
  | { readonly kind: 'server'; readonly url: string; readonly email: string };

/** Where MP3s go. `path` is absolute. */
export type ChosenFolder =
  | { readonly kind: 'beside' }
  | { readonly kind: 'folder'; readonly path: string }
  | { readonly kind: 'ask' };

/** In screen points. */
export interface WindowBounds {
  readonly x?: number;
  readonly y?: number;
  readonly width: number;
  readonly height: number;
  readonly maximized: boolean;
}

/** All that is kept between two starts, but for the list and the secrets. */
export interface KeptSettings {
  readonly backend: ChosenBackend;
  readonly quality: Quality;
  readonly saveTo: ChosenFolder;
  readonly whenTaken: WhenTaken;
  /** Videos at once on this computer; absent: as many as is advised. */
  readonly atOnce?: number;
  readonly notify: boolean;
  readonly notifySound: boolean;
  readonly theme: Theme;
  readonly keepInTray: boolean;
  readonly openAtLogin: boolean;
  /** Everything was paused by the person. */
  readonly paused: boolean;
  readonly window?: WindowBounds;
}

export interface SettingsStore {
  get(): KeptSettings;
  /** Kept at once. A value of `undefined` takes an optional setting away. */
  change(change: { readonly [Key in keyof KeptSettings]?: KeptSettings[Key] | undefined }): void;
  /** Called after each change; returns what ends it. */
  follow(listener: (settings: KeptSettings) => void): () => void;
  /** Absolute path of a settings file that could not be read and was set aside at this start. */
  readonly setAside?: string;
}
