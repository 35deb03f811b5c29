import type { Settings } from '../../ipc.ts';

/** The backend that the person chose. */
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

/** Everything that is kept between two starts, except the list and the secrets. */
export interface KeptSettings extends Omit<Settings, 'saveTo'> {
  readonly backend: ChosenBackend;
  readonly saveTo: ChosenFolder;
  /** Whether the person has paused the whole list. */
  readonly paused: boolean;
  readonly window?: WindowBounds;
}

export interface SettingsStore {
  get(): KeptSettings;
  /** Writes the change. A value of `undefined` removes an optional setting. */
  change(change: { readonly [Key in keyof KeptSettings]?: KeptSettings[Key] | undefined }): void;
  /** Calls `listener` after each change. Returns a function that stops this. */
  follow(listener: (settings: KeptSettings) => void): () => void;
  /** Absolute path of a settings file that could not be read and was set aside at this start. */
  readonly setAside?: string;
}
