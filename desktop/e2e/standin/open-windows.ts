/** What the parts of the stand-in that know no windows have to do with them. */
export interface OpenWindow {
  /** Asks it to close; it may refuse. */
  close(): void;
  isDestroyed(): boolean;
  isFocused(): boolean;
  /** The end of closing, once that began. */
  __closed(): Promise<void>;
}

export const openWindows: OpenWindow[] = [];

export const focusedWindow = (): OpenWindow | undefined => openWindows.find((window) => window.isFocused());
