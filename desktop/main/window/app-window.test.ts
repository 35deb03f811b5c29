import { EventEmitter } from 'node:events';
import type { BrowserWindow, BrowserWindowConstructorOptions, NativeTheme } from 'electron';
import { describe, expect, it } from 'vitest';
import { keepSettingsInMemory } from '../../tests/settings-in-memory.ts';
import type { KeptSettings } from '../settings/settings-store.ts';
import { type AppWindowParts, createAppWindow } from './app-window.ts';

/** Behaves like a window of Electron, and records the calls. */
class RecordedWindow extends EventEmitter {
  static made: RecordedWindow[] = [];
  readonly calls: string[] = [];
  readonly sent: unknown[] = [];
  readonly options: BrowserWindowConstructorOptions;
  readonly webContents: EventEmitter & { send?: (channel: string, changes: unknown) => void } = new EventEmitter();
  isShown = false;

  constructor(options: BrowserWindowConstructorOptions) {
    super();
    this.options = options;
    this.webContents.send = (_channel, changes) => void this.sent.push(changes);
    RecordedWindow.made.push(this);
  }
  async loadFile(file: string, { query }: { readonly query: object }): Promise<void> {
    this.calls.push(`load ${file} ${JSON.stringify(query)}`);
    this.webContents.emit('did-start-loading');
  }
  show(): void {
    this.isShown = true;
    this.emit('show');
  }
  hide(): void {
    this.isShown = false;
    this.emit('hide');
  }
  maximize(): void {
    this.calls.push('maximize');
  }
  focus(): void {
    this.calls.push('focus');
  }
  setProgressBar(fraction: number, { mode }: { readonly mode: string }): void {
    this.calls.push(`progress ${fraction} ${mode}`);
  }
  isMinimized = (): boolean => false;
  isMaximized = (): boolean => false;
  isDestroyed = (): boolean => false;
  isVisible = (): boolean => this.isShown;
  isFocused = (): boolean => this.isShown;
  getNormalBounds = () => ({ x: 10, y: 20, width: 800, height: 600 });
  /** Like a click on the close button. @returns whether it closed */
  close(): boolean {
    let isPrevented = false;
    this.emit('close', { preventDefault: () => void (isPrevented = true) });
    if (!isPrevented) this.emit('closed');
    return !isPrevented;
  }
}

function openStand(parts: Partial<AppWindowParts> = {}, kept: Partial<KeptSettings> = {}) {
  RecordedWindow.made = [];
  const calls: string[] = [];
  const settings = keepSettingsInMemory(kept);
  const theme = Object.assign(new EventEmitter(), { shouldUseDarkColors: false, themeSource: 'system' });
  const window = createAppWindow({
    BrowserWindow: RecordedWindow as unknown as typeof BrowserWindow,
    nativeTheme: theme as unknown as NativeTheme,
    workAreas: () => [{ x: 0, y: 0, width: 1920, height: 1080 }],
    system: 'linux',
    settings,
    preload: '/app/preload.cjs',
    page: '/app/index.html',
    devTools: false,
    staysWithoutWindow: () => true,
    isQuitting: () => false,
    quit: () => void calls.push('quit'),
    onBroken: () => void calls.push('broken'),
    ...parts,
  });
  const made = (): RecordedWindow => {
    const last = RecordedWindow.made.at(-1);
    if (last === undefined) throw new Error('no window was made');
    return last;
  };
  return { window, made, settings, calls, theme };
}

const immediate = () => new Promise((resolve) => setImmediate(resolve));

describe('the window', () => {
  it('is created when it is first shown, and visible once it is drawn', () => {
    const { window, made } = openStand();
    expect(RecordedWindow.made).toEqual([]);
    window.show();
    window.show();
    expect(RecordedWindow.made).toHaveLength(1);
    expect(made().calls[0]).toBe('load /app/index.html {"system":"linux"}');
    expect(made().options).toMatchObject({ show: false });
    expect(window.isVisible()).toBe(false);
    made().emit('ready-to-show');
    expect(window.isInFront()).toBe(true);
  });

  it('sends its page nothing before the page is ready, and then first the view to show', async () => {
    const { window, made } = openStand();
    window.show({ kind: 'settings' });
    window.send([{ type: 'announce', text: 'too early' }]);
    expect(made().sent).toEqual([]);
    window.pageIsThere();
    await immediate();
    window.send([{ type: 'announce', text: 'heard' }]);
    window.show({ kind: 'history' });
    expect(made().sent).toEqual([
      [{ type: 'show', view: { kind: 'settings' } }],
      [{ type: 'announce', text: 'heard' }],
      [{ type: 'show', view: { kind: 'history' } }],
    ]);
  });

  it('is hidden by its close button if the app keeps running, and keeps its position', () => {
    const { window, made, settings, calls } = openStand();
    window.show();
    made().emit('ready-to-show');
    expect(made().close()).toBe(false);
    expect([window.isVisible(), calls]).toEqual([false, []]);
    expect(settings.get().window).toEqual({ x: 10, y: 20, width: 800, height: 600, maximized: false });
  });

  it('asks to quit by its close button if the app would not keep running', () => {
    const { window, made, calls } = openStand({ staysWithoutWindow: () => false });
    window.show();
    expect(made().close()).toBe(false);
    expect(calls).toEqual(['quit']);
  });

  it('closes when the app ends, and is created again when it is shown after that', () => {
    const { window, made } = openStand({ isQuitting: () => true });
    window.show();
    expect(made().close()).toBe(true);
    expect(window.window()).toBeUndefined();
    window.show();
    expect(RecordedWindow.made).toHaveLength(2);
  });

  it('reloads a page that has died, but not forever', () => {
    const { window, made, calls } = openStand();
    window.show();
    for (let death = 1; death <= 4; death += 1) made().webContents.emit('render-process-gone');
    expect(made().calls.filter((call) => call.startsWith('load'))).toHaveLength(1 + 3);
    expect(calls).toEqual(['broken']);
  });

  it('sends nothing to a page that has died until it is ready again', () => {
    const { window, made } = openStand();
    window.show();
    window.pageIsThere();
    made().webContents.emit('render-process-gone');
    window.send([{ type: 'announce', text: 'unheard' }]);
    expect(made().sent).toEqual([]);
  });

  it('has its previous size, and shows and removes a progress bar', () => {
    const last = { x: 10, y: 20, width: 800, height: 600, maximized: true };
    const { window, made } = openStand({}, { window: last });
    window.show();
    expect(made().options).toMatchObject({ x: 10, y: 20, width: 800, height: 600 });
    window.setProgress(0.5, 'error');
    window.setProgress(undefined, 'paused');
    expect(made().calls.filter((call) => !call.startsWith('load'))).toEqual([
      'maximize',
      'progress 0.5 error',
      'progress -1 none',
    ]);
  });

  it('uses the chosen theme', () => {
    const { settings, theme } = openStand({}, { theme: 'dark' });
    expect(theme.themeSource).toBe('dark');
    settings.change({ theme: 'light' });
    expect(theme.themeSource).toBe('light');
  });
});
