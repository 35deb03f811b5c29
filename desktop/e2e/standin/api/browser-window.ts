import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from '../chromium/running-chromium.ts';
import { openWindows } from '../open-windows.ts';
import { preventable, StrictEmitter } from '../strict.ts';
import { app } from './app.ts';
import { WebContents } from './web-contents.ts';

interface Bounds {
  x: number;
  y: number;
  width: number;
  height: number;
}
type Options = Partial<Bounds> & {
  readonly show?: boolean;
  readonly title?: string;
  readonly backgroundColor?: string;
  readonly webPreferences?: Readonly<Record<string, unknown>>;
};

const all: BrowserWindow[] = [];
let lastId = 0;

/** An invisible window with a page in Chromium. Names with `__` are the stand-in's own. */
export class BrowserWindow extends StrictEmitter {
  static getAllWindows() {
    return [...all];
  }
  static getFocusedWindow() {
    return all.find((window) => window.isFocused()) ?? null;
  }
  static fromWebContents(contents: object) {
    return all.find((window) => window.webContents === contents) ?? null;
  }
  static fromId(id: number) {
    return all.find((window) => window.id === id) ?? null;
  }
  readonly id = ++lastId;
  readonly webContents: WebContents;
  readonly __options: Options;
  readonly __progress: { readonly fraction: number; readonly options?: object }[] = [];
  __titleBarOverlay: object | undefined;
  __menu: unknown = null;
  #visible: boolean;
  #focused = false;
  #minimized = false;
  #maximized = false;
  #fullScreen = false;
  #destroyed = false;
  #wasReady = false;
  #bounds: Bounds;
  #minimum = [0, 0];
  #title: string;
  #backgroundColor: string;
  #closed: Promise<void> = Promise.resolve();

  constructor(options: Options = {}) {
    super();
    if (!app.isReady()) throw new Error('Cannot create BrowserWindow before app is ready');
    this.__options = options;
    this.#visible = options.show !== false;
    this.#bounds = { x: options.x ?? 0, y: options.y ?? 0, width: options.width ?? 800, height: options.height ?? 600 };
    this.#title = options.title ?? app.name;
    this.#backgroundColor = options.backgroundColor ?? '#FFF';
    const { width, height } = this.#bounds;
    this.webContents = new WebContents(
      {
        pageIsLoaded: () => this.#pageIsLoaded(),
        pageIsGone: () => this.#pageIsGone(),
        isFocused: () => this.#focused,
        destroy: () => this.destroy(),
      },
      { width, height, webPreferences: options.webPreferences ?? {} },
    );
    all.push(this);
    openWindows.push(this);
    queueMicrotask(() => app.emit('browser-window-created', {}, this));
    if (this.#visible) this.focus();
  }
  #pageIsLoaded(): void {
    if (this.#wasReady) return;
    this.#wasReady = true;
    this.emit('ready-to-show');
  }
  #pageIsGone(): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    all.splice(all.indexOf(this), 1);
    openWindows.splice(openWindows.indexOf(this), 1);
    this.emit('closed');
    if (all.length === 0) app.__windowsAreClosed();
  }

  loadFile(file: string, options: { hash?: string; query?: Record<string, string>; search?: string } = {}) {
    const url = pathToFileURL(resolve(app.getAppPath(), file));
    if (options.query) url.search = new URLSearchParams(options.query).toString();
    if (options.search) url.search = options.search;
    if (options.hash) url.hash = options.hash;
    return this.webContents.__navigate(url.href);
  }
  loadURL(url: string) {
    return this.webContents.__navigate(url);
  }

  #setVisible(visible: boolean): void {
    if (this.#visible === visible) return;
    this.#visible = visible;
    void this.webContents.__setVisible(visible && !this.#minimized);
    this.emit(visible ? 'show' : 'hide');
  }
  show() {
    this.#setVisible(true);
    this.restore();
    this.focus();
  }
  showInactive() {
    this.#setVisible(true);
  }
  hide() {
    this.blur();
    this.#setVisible(false);
  }
  focus() {
    if (this.#focused) return;
    for (const window of all) window.blur();
    this.#focused = true;
    this.emit('focus', {});
    app.emit('browser-window-focus', {}, this);
  }
  blur() {
    if (!this.#focused) return;
    this.#focused = false;
    this.emit('blur', {});
    app.emit('browser-window-blur', {}, this);
  }
  isVisible() {
    return this.#visible;
  }
  isFocused() {
    return this.#focused;
  }
  minimize() {
    this.#minimized = true;
    this.blur();
    void this.webContents.__setVisible(false);
    this.emit('minimize', {});
  }
  restore() {
    if (!this.#minimized) return;
    this.#minimized = false;
    void this.webContents.__setVisible(this.#visible);
    this.emit('restore', {});
  }
  isMinimized() {
    return this.#minimized;
  }
  maximize() {
    this.#maximized = true;
    this.emit('maximize', {});
  }
  unmaximize() {
    this.#maximized = false;
    this.emit('unmaximize', {});
  }
  isMaximized() {
    return this.#maximized;
  }
  setFullScreen(fullScreen: boolean) {
    this.#fullScreen = fullScreen;
    this.emit(fullScreen ? 'enter-full-screen' : 'leave-full-screen', {});
  }
  isFullScreen() {
    return this.#fullScreen;
  }
  isNormal() {
    return !this.#minimized && !this.#maximized && !this.#fullScreen;
  }
  isDestroyed() {
    return this.#destroyed;
  }

  getBounds() {
    return { ...this.#bounds };
  }
  getNormalBounds() {
    return { ...this.#bounds };
  }
  getContentBounds() {
    return { ...this.#bounds };
  }
  getSize() {
    return [this.#bounds.width, this.#bounds.height];
  }
  getContentSize() {
    return this.getSize();
  }
  getPosition() {
    return [this.#bounds.x, this.#bounds.y];
  }
  setBounds(bounds: Partial<Bounds>) {
    const before = this.#bounds;
    this.#bounds = { ...before, ...bounds };
    const { x, y, width, height } = this.#bounds;
    void this.webContents.__resize(width, height).catch(() => {});
    if (width !== before.width || height !== before.height) this.emit('resize', {});
    if (x !== before.x || y !== before.y) this.emit('move', {});
  }
  setSize(width: number, height: number) {
    this.setBounds({ width, height });
  }
  setContentSize(width: number, height: number) {
    this.setBounds({ width, height });
  }
  setPosition(x: number, y: number) {
    this.setBounds({ x, y });
  }
  center() {}
  setMinimumSize(width: number, height: number) {
    this.#minimum = [width, height];
  }
  getMinimumSize() {
    return this.#minimum;
  }

  setTitle(title: string) {
    this.#title = title;
  }
  getTitle() {
    return this.#title;
  }
  setBackgroundColor(color: string) {
    this.#backgroundColor = color;
  }
  getBackgroundColor() {
    return this.#backgroundColor;
  }
  setTitleBarOverlay(overlay: object) {
    this.__titleBarOverlay = overlay;
  }
  setMenu(menu: unknown) {
    this.__menu = menu;
  }
  removeMenu() {
    this.__menu = null;
  }
  setMenuBarVisibility(_visible: boolean) {}
  setAutoHideMenuBar(_hide: boolean) {}
  isMenuBarVisible() {
    return false;
  }
  setProgressBar(fraction: number, options?: object) {
    this.__progress.push(options === undefined ? { fraction } : { fraction, options });
  }
  setOverlayIcon(_overlay: unknown, _description: string) {}
  flashFrame(_flash: boolean) {}
  setIcon(_icon: unknown) {}
  setAlwaysOnTop(_flag: boolean) {}
  moveTop() {}
  setSkipTaskbar(_skip: boolean) {}

  close() {
    if (this.#destroyed) return;
    const event = preventable({});
    this.emit('close', event);
    if (!event.defaultPrevented) this.destroy();
  }
  destroy() {
    if (this.#destroyed) return;
    this.#closed = this.#destroy();
  }
  async #destroy(): Promise<void> {
    await this.webContents.__ready;
    await chromium().send('Target.closeTarget', { targetId: this.webContents.__targetId });
    this.webContents.__gone();
  }
  /** Resolves when a close that has begun is done. */
  __closed() {
    return this.#closed;
  }
}
