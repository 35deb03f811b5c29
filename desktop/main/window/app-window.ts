import type { BrowserWindow, BrowserWindowConstructorOptions, NativeTheme, Rectangle, WebContents } from 'electron';
import { type AppChange, changesChannel, type System, type View } from '../../ipc.ts';
import type { SettingsStore } from '../settings/settings-store.ts';
import { pagePreferences } from './lock-down.ts';
import { leastSize, windowBounds } from './window-bounds.ts';
import { surfaceColour, titleBarOverlay, windowFrame } from './window-look.ts';

export interface AppWindowParts {
  readonly BrowserWindow: new (options: BrowserWindowConstructorOptions) => BrowserWindow;
  readonly nativeTheme: Pick<NativeTheme, 'on' | 'shouldUseDarkColors' | 'themeSource'>;
  /** The areas of all displays that windows may use. */
  readonly workAreas: () => readonly Rectangle[];
  readonly system: System;
  readonly settings: SettingsStore;
  /** Absolute paths. */
  readonly preload: string;
  readonly page: string;
  /** The address of the server that `npm run dev` runs; absent: the page is loaded from its file. */
  readonly devServer?: string;
  readonly devTools: boolean;
  /** Whether the app keeps running without its window, in the tray or in the dock. */
  readonly staysWithoutWindow: () => boolean;
  /** Whether the app is about to end. */
  readonly isQuitting: () => boolean;
  readonly quit: () => void;
  /** Called when the page has died too often. */
  readonly onBroken: () => void;
}

/** The app's only window. It is created when it is first shown, and again after it was destroyed. */
export interface AppWindow {
  /** Brings the window to the front, and shows `view` in it. */
  show(view?: View): void;
  isInFront(): boolean;
  isVisible(): boolean;
  /** Sends nothing while there is no page: the page asks for the whole state when it has loaded. */
  send(changes: readonly AppChange[]): void;
  /** The page has asked for the state, and gets changes from now on. */
  pageIsThere(): void;
  /** @param fraction 0–1; undefined removes the bar */
  setProgress(fraction: number | undefined, mode: 'normal' | 'paused' | 'error'): void;
  contents(): WebContents | undefined;
  window(): BrowserWindow | undefined;
  /** Calls `listener` when the window comes to the front or leaves it, and when it is shown or hidden. */
  follow(listener: () => void): void;
}

/** After more deaths of the page within a minute, it is not loaded again. */
const mostDeaths = 3;

export function createAppWindow(parts: AppWindowParts): AppWindow {
  const { nativeTheme, system, settings } = parts;
  const listeners = new Set<() => void>();
  let window: BrowserWindow | undefined;
  let isPageThere = false;
  let waitingViews: View[] = [];
  let deaths: number[] = [];

  const changed = (): void => {
    for (const listener of listeners) listener();
  };

  function open(): BrowserWindow {
    const isDark = nativeTheme.shouldUseDarkColors;
    const last = settings.get().window;
    const made = new parts.BrowserWindow({
      ...windowBounds(last, parts.workAreas()),
      ...leastSize,
      ...windowFrame(system, isDark),
      title: 'Soundlift',
      show: false,
      webPreferences: { ...pagePreferences, preload: parts.preload, devTools: parts.devTools },
    });
    if (last?.maximized === true) made.maximize();
    made.once('ready-to-show', () => made.show());
    made.on('close', (event) => {
      keepBounds(made);
      if (parts.isQuitting()) return;
      if (parts.staysWithoutWindow()) {
        event.preventDefault();
        made.hide();
      } else {
        // Quitting asks about unfinished rows, and may be cancelled.
        event.preventDefault();
        parts.quit();
      }
    });
    made.on('closed', () => {
      window = undefined;
      isPageThere = false;
      changed();
    });
    made.on('focus', changed);
    made.on('blur', changed);
    made.on('show', changed);
    made.on('hide', changed);
    made.webContents.on('did-start-loading', () => {
      isPageThere = false;
    });
    made.webContents.on('render-process-gone', () => comeBack(made));
    window = made;
    loadPage(made, parts);
    return made;
  }

  function comeBack(made: BrowserWindow): void {
    isPageThere = false;
    const now = performance.now();
    deaths = [...deaths.filter((at) => now - at < 60_000), now];
    if (deaths.length > mostDeaths) parts.onBroken();
    else if (!made.isDestroyed()) loadPage(made, parts);
  }

  function keepBounds(made: BrowserWindow): void {
    settings.change({ window: { ...made.getNormalBounds(), maximized: made.isMaximized() } });
  }

  function recolour(): void {
    const isDark = nativeTheme.shouldUseDarkColors;
    const overlay = titleBarOverlay(system, isDark);
    window?.setBackgroundColor(surfaceColour(isDark));
    if (overlay !== undefined) window?.setTitleBarOverlay(overlay);
  }

  function followTheme({ theme }: { readonly theme: 'system' | 'light' | 'dark' }): void {
    if (nativeTheme.themeSource !== theme) nativeTheme.themeSource = theme;
  }

  followTheme(settings.get());
  settings.follow(followTheme);
  nativeTheme.on('updated', recolour);

  return {
    show(view) {
      const made = window ?? open();
      if (made.isMinimized()) made.restore();
      if (isPageThere || made.isVisible()) {
        made.show();
        made.focus();
      }
      if (view === undefined) return;
      if (isPageThere) made.webContents.send(changesChannel, [{ type: 'show', view }] satisfies AppChange[]);
      else waitingViews.push(view);
    },
    isInFront: () => window !== undefined && window.isVisible() && window.isFocused(),
    isVisible: () => window !== undefined && window.isVisible(),
    send(changes) {
      if (window !== undefined && isPageThere) window.webContents.send(changesChannel, changes);
    },
    pageIsThere() {
      isPageThere = true;
      const views = waitingViews;
      waitingViews = [];
      // After the answer that carries the state.
      setImmediate(() => {
        for (const view of views)
          window?.webContents.send(changesChannel, [{ type: 'show', view }] satisfies AppChange[]);
      });
    },
    setProgress(fraction, mode) {
      window?.setProgressBar(fraction ?? -1, { mode: fraction === undefined ? 'none' : mode });
    },
    contents: () => window?.webContents,
    window: () => window,
    follow: (listener) => void listeners.add(listener),
  };
}

function loadPage(made: BrowserWindow, { devServer, page, system }: AppWindowParts): void {
  const loading =
    devServer === undefined
      ? made.loadFile(page, { query: { system } })
      : made.loadURL(`${devServer}?system=${system}`);
  // Rejects if the window is closed or its page dies meanwhile; there are events for both.
  loading.catch(() => undefined);
}
