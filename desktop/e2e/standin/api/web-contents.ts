import type { CDPSession } from '@playwright/test';
import { interceptRequests, type PausedRequest } from '../chromium/answer-requests.ts';
import { preparePage, showSize, showTheme } from '../chromium/prepare-page.ts';
import { rendererPid } from '../chromium/renderer-pids.ts';
import { openPage } from '../chromium/running-chromium.ts';
import { structuredCodec } from '../page/codec.ts';
import type { ToPreload } from '../page/preload-side.ts';
import { preventable, StrictEmitter, strict } from '../strict.ts';
import { app } from './app.ts';
import { forgetProcess, noteProcess } from './app-metrics.ts';
import { nativeTheme } from './native-theme.ts';
import { exchangeMessages, type PreloadMessages } from './preload-messages.ts';
import { disguise, undisguise } from './protocol.ts';
import { session } from './session.ts';

/** What a page needs from its window. */
export interface PageOwner {
  pageIsLoaded(): void;
  pageIsGone(): void;
  isFocused(): boolean;
  destroy(): void;
}

export interface PageOptions {
  readonly width: number;
  readonly height: number;
  readonly webPreferences: Readonly<Record<string, unknown>>;
}

type OpenHandler = (details: { readonly url: string }) => { readonly action: 'allow' | 'deny' };

const { enc } = structuredCodec();
const all: WebContents[] = [];
let lastId = 0;
/** A page in Chromium. Names with `__` are the stand-in's own. */
export class WebContents extends StrictEmitter {
  readonly id = ++lastId;
  readonly session = session.defaultSession;
  readonly hostWebContents = null;
  readonly mainFrame = strict('WebFrameMain', {
    url: '',
    parent: null,
    top: null as object | null,
    routingId: 1,
    processId: 1,
    detached: false,
    isDestroyed: () => this.#destroyed,
    get origin() {
      return new URL(this.url).origin === 'null' ? `${new URL(this.url).protocol}//` : new URL(this.url).origin;
    },
  });
  zoomFactor = 1;
  backgroundThrottling = true;
  readonly __ready: Promise<void>;
  __targetId = '';
  #page: CDPSession | undefined;
  readonly #owner: PageOwner;
  readonly #webPreferences: Readonly<Record<string, unknown>>;
  #preload: PreloadMessages | undefined;
  #loaded = Promise.withResolvers<void>();
  #destroyed = false;
  #crashed = false;
  #loading = false;
  #visible = true;
  #pid = 0;
  /** The address that we send the page to. The page itself asks for any other. */
  #sentTo: string | undefined;
  #openHandler: OpenHandler | undefined;

  constructor(owner: PageOwner, options: PageOptions) {
    super();
    this.mainFrame.top = this.mainFrame;
    this.#owner = owner;
    this.#webPreferences = {
      contextIsolation: true,
      nodeIntegration: false,
      sandbox: true,
      webSecurity: true,
      ...options.webPreferences,
    };
    if (this.#webPreferences['nodeIntegration'] || !this.#webPreferences['contextIsolation']) {
      throw new Error('stand-in electron: only contextIsolation without nodeIntegration');
    }
    all.push(this);
    nativeTheme.on('updated', this.#showTheme);
    this.__ready = this.#create(options);
    this.__ready.catch((error: unknown) =>
      process.stderr.write(`stand-in electron: window failed: ${String(error)}\n`),
    );
    queueMicrotask(() => app.emit('web-contents-created', {}, this));
  }

  async #create({ width, height }: PageOptions): Promise<void> {
    const page = await openPage();
    const { targetInfo } = await page.send('Target.getTargetInfo');
    this.__targetId = targetInfo.targetId;
    this.#page = page;
    this.#listen(page);
    this.#preload = exchangeMessages(page, this.__targetId, this);
    await Promise.all([
      preparePage(page, this.#webPreferences),
      showSize(page, width, height),
      showTheme(page),
      interceptRequests(page, (paused) => this.#decide(paused)),
    ]);
  }

  #listen(page: CDPSession): void {
    page.on('Page.domContentEventFired', () => this.emit('dom-ready', {}));
    page.on('Page.loadEventFired', () => void this.#whenLoaded());
    page.on('Page.frameNavigated', ({ frame }) => {
      if (frame.parentId !== undefined) return;
      this.mainFrame.url = undisguise(frame.url);
      this.emit('did-navigate', {}, this.mainFrame.url, 200, 'OK');
    });
    page.on('Inspector.targetCrashed', () => this.#whenCrashed());
  }

  async #whenLoaded(): Promise<void> {
    this.#pid = await rendererPid(this.__targetId);
    noteProcess(this, { pid: this.#pid, type: 'Tab' });
    this.#loading = false;
    if (!this.#visible) await this.__setVisible(false);
    this.#loaded.resolve();
    this.emit('did-finish-load', {});
    this.emit('did-stop-loading', {});
    this.#owner.pageIsLoaded();
  }

  #whenCrashed(): void {
    if (this.#crashed || this.#destroyed) return;
    this.#crashed = true;
    this.#preload?.forget();
    const details = { reason: 'crashed', exitCode: 1 };
    this.emit('render-process-gone', {}, details);
    app.emit('render-process-gone', {}, this, details);
  }

  readonly #showTheme = (): void => {
    void this.__ready.then(() => this.#page && showTheme(this.#page)).catch(() => {});
  };

  #decide(paused: PausedRequest): 'go' | 'abort' | 'block' {
    const url = undisguise(paused.request.url);
    if (this.#isRefused(paused, url)) return 'abort';
    let blocked = false;
    this.session.__onBeforeRequest?.({ url }, ({ cancel = false }) => {
      blocked = cancel;
    });
    return blocked ? 'block' : 'go';
  }

  /** Asks the app about a navigation that the page starts, before anything is requested. */
  #isRefused({ resourceType, request, frameId }: PausedRequest, url: string): boolean {
    if (resourceType !== 'Document' || frameId !== this.__targetId) return false;
    const [sentTo] = (this.#sentTo ?? '').split('#');
    if (this.#sentTo !== undefined && request.url === disguise(sentTo ?? '')) return false;
    const event = preventable({ url, isMainFrame: true, isSameDocument: false, frame: this.mainFrame });
    this.emit('will-navigate', event, url);
    return event.defaultPrevented;
  }

  /** The page wants a new window. We ask the app, but never open one. */
  __askToOpen(url: string): void {
    const answer = this.#openHandler?.({ url });
    if (answer?.action === 'allow') throw new Error('stand-in electron: windows that pages open are not implemented');
  }
  setWindowOpenHandler(handler: OpenHandler) {
    this.#openHandler = handler;
  }

  send(channel: string, ...args: unknown[]) {
    if (this.#destroyed) throw new TypeError('Object has been destroyed');
    const message: ToPreload = { op: 'message', channel, args: enc(args) };
    void this.__ready.then(() => this.#preload?.send(message));
  }

  async __navigate(url: string): Promise<void> {
    await this.__ready;
    this.#loaded = Promise.withResolvers();
    this.#loading = true;
    this.#sentTo = url;
    this.emit('did-start-loading', {});
    const { errorText } = (await this.#page?.send('Page.navigate', { url: disguise(url) })) ?? {};
    if (errorText) {
      this.emit('did-fail-load', {}, -1, errorText, url, true);
      throw new Error(`${errorText} loading '${url}'`);
    }
    await this.#loaded.promise;
    this.#sentTo = undefined;
  }
  async __resize(width: number, height: number): Promise<void> {
    await this.__ready;
    if (this.#page) await showSize(this.#page, width, height);
  }
  async __setVisible(visible: boolean): Promise<void> {
    this.#visible = visible;
    await this.__ready;
    if (this.#crashed) return;
    await this.#preload?.evaluateInPage(
      `window.dispatchEvent(new CustomEvent('standin:visibility', { detail: ${!visible} }))`,
    );
  }
  __gone(): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    this.#preload?.forget();
    forgetProcess(this);
    nativeTheme.off('updated', this.#showTheme);
    all.splice(all.indexOf(this), 1);
    this.emit('destroyed');
    this.#owner.pageIsGone();
  }

  getURL() {
    return this.mainFrame.url;
  }
  getTitle() {
    return '';
  }
  getType() {
    return 'window';
  }
  getLastWebPreferences() {
    return { ...this.#webPreferences };
  }
  getOSProcessId() {
    return this.#pid;
  }
  isDestroyed() {
    return this.#destroyed;
  }
  isCrashed() {
    return this.#crashed;
  }
  isLoading() {
    return this.#loading;
  }
  isFocused() {
    return this.#owner.isFocused();
  }
  focus() {}
  isDevToolsOpened() {
    return false;
  }
  openDevTools() {}
  closeDevTools() {}
  setVisualZoomLevelLimits(_least: number, _most: number) {}
  setBackgroundThrottling(allowed: boolean) {
    this.backgroundThrottling = allowed;
  }
  setZoomFactor(factor: number) {
    this.zoomFactor = factor;
  }
  getZoomFactor() {
    return this.zoomFactor;
  }
  /** Here the desktop would take over the drag. A test has none. */
  startDrag(item: { readonly file: string; readonly icon: unknown }) {
    if (!item.file || !item.icon) throw new TypeError("Must specify either 'file' or 'files' option, and 'icon'");
  }
  async executeJavaScript(expression: string): Promise<unknown> {
    await this.__ready;
    const evaluated = await this.#page?.send('Runtime.evaluate', {
      expression,
      awaitPromise: true,
      returnByValue: true,
    });
    if (evaluated?.exceptionDetails) throw new Error(evaluated.exceptionDetails.exception?.description);
    return evaluated?.result.value;
  }
  loadURL(url: string) {
    return this.__navigate(url);
  }
  reload() {
    void this.#reload(false);
  }
  reloadIgnoringCache() {
    void this.#reload(true);
  }
  async #reload(ignoreCache: boolean): Promise<void> {
    await this.__ready;
    this.#loaded = Promise.withResolvers();
    this.#crashed = false;
    this.#sentTo = this.mainFrame.url;
    await this.#page?.send('Page.reload', { ignoreCache });
    await this.#loaded.promise;
    this.#sentTo = undefined;
  }
  forcefullyCrashRenderer() {
    void this.__ready.then(() => this.#page?.send('Page.crash')).catch(() => {});
  }
  close(_options?: object) {
    this.#owner.destroy();
  }
}

export const webContents = strict('webContents', {
  getAllWebContents: () => [...all],
  getFocusedWebContents: () => all.find((contents) => contents.isFocused()) ?? null,
  fromId: (id: number) => all.find((contents) => contents.id === id),
  fromDevToolsTargetId: (targetId: string) => all.find((contents) => contents.__targetId === targetId),
});
