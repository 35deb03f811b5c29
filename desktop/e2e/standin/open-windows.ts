/** What other parts of the stand-in may do with a window. */
export interface OpenWindow {
  /** Asks it to close. It may refuse. */
  close(): void;
  isDestroyed(): boolean;
  isFocused(): boolean;
  /** Resolves when a close that has begun is done. */
  __closed(): Promise<void>;
}

export const openWindows: OpenWindow[] = [];

export const focusedWindow = (): OpenWindow | undefined => openWindows.find((window) => window.isFocused());
