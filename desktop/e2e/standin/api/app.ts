import { setTimeout as delay } from 'node:timers/promises';
import { startChromium } from '../chromium/running-chromium.ts';
import { openWindows } from '../open-windows.ts';
import { preventable, StrictEmitter } from '../strict.ts';
import { appMetrics } from './app-metrics.ts';
import { defaultPath } from './app-paths.ts';
import { lockSingleInstance } from './single-instance.ts';

/** What boot.ts knows about the app. */
interface AppFacts {
  readonly appPath: string;
  readonly name: string;
  readonly version: string;
  readonly packaged: boolean;
}

const switches = new Map<string, string | undefined>();
const valueOnCommandLine = (name: string): string | undefined =>
  process.argv.find((word) => word.startsWith(`--${name}=`))?.slice(name.length + 3);

/** Names with `__` are the stand-in's own. */
class App extends StrictEmitter {
  isPackaged = false;
  name = 'Electron';
  badgeCount = 0;
  /** Only macOS has a dock. */
  readonly dock = undefined;
  readonly commandLine = {
    appendSwitch: (name: string, value?: string) => void switches.set(name, value),
    hasSwitch: (name: string) => switches.has(name) || process.argv.includes(`--${name}`) || !!valueOnCommandLine(name),
    getSwitchValue: (name: string) => switches.get(name) ?? valueOnCommandLine(name) ?? '',
    removeSwitch: (name: string) => void switches.delete(name),
    appendArgument: () => {},
  };
  #version = '0.0.0';
  #appPath = process.cwd();
  readonly #paths = new Map<string, string>();
  readonly #protocols = new Set<string>();
  #loginItem: object = {};
  readonly #ready = Promise.withResolvers<void>();
  readonly #asked = Promise.withResolvers<void>();
  #isReady = false;
  #exiting = false;
  #release: (() => void) | undefined;

  __configure({ appPath, name, version, packaged }: AppFacts): void {
    this.#appPath = appPath;
    this.name = name;
    this.#version = version;
    this.isPackaged = packaged;
    const userData = valueOnCommandLine('user-data-dir');
    if (userData !== undefined) this.#paths.set('userData', userData);
  }

  /** @param appCode loaded; it may wait for being ready at its top */
  async __launch(appCode: Promise<unknown>): Promise<void> {
    const waitsForReady = this.#asked.promise.then(() => delay(100));
    await Promise.all([startChromium(), Promise.race([appCode, waitsForReady])]);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => this.quit());
    this.#isReady = true;
    this.emit('will-finish-launching');
    this.emit('ready', {}, {});
    this.#ready.resolve();
  }

  /** The last window has closed. */
  __windowsAreClosed(): void {
    if (this.#exiting) return;
    if (this.listenerCount('window-all-closed') > 0) this.emit('window-all-closed');
    else this.quit();
  }

  whenReady() {
    this.#asked.resolve();
    return this.#ready.promise;
  }
  isReady() {
    return this.#isReady;
  }
  getName() {
    return this.name;
  }
  setName(name: string) {
    this.name = name;
  }
  getVersion() {
    return this.#version;
  }
  getAppPath() {
    return this.#appPath;
  }
  getLocale() {
    return 'en-US';
  }
  getSystemLocale() {
    return 'en-US';
  }
  getPreferredSystemLanguages() {
    return ['en-US'];
  }
  getPath(name: string): string {
    const path = this.#paths.get(name) ?? defaultPath(name, this.name);
    if (path === undefined) throw new Error(`Failed to get '${name}' path`);
    return path;
  }
  setPath(name: string, path: string) {
    this.#paths.set(name, path);
  }
  setAppLogsPath(path?: string) {
    if (path !== undefined) this.#paths.set('logs', path);
  }
  setAppUserModelId(_id: string) {}
  setDesktopName(_name: string) {}
  enableSandbox() {}
  disableHardwareAcceleration() {}
  setAboutPanelOptions(_options: object) {}
  showAboutPanel() {}
  addRecentDocument(_path: string) {}
  clearRecentDocuments() {}
  focus(_options?: object) {}
  getAppMetrics() {
    return appMetrics();
  }
  isAccessibilitySupportEnabled() {
    return false;
  }

  setBadgeCount(count = 0) {
    this.badgeCount = count;
    return true;
  }
  getBadgeCount() {
    return this.badgeCount;
  }
  setAsDefaultProtocolClient(protocol: string, _path?: string, _args?: readonly string[]) {
    this.#protocols.add(protocol);
    return true;
  }
  isDefaultProtocolClient(protocol: string) {
    return this.#protocols.has(protocol);
  }
  removeAsDefaultProtocolClient(protocol: string) {
    return this.#protocols.delete(protocol);
  }
  setLoginItemSettings(settings: object) {
    this.#loginItem = settings;
  }
  getLoginItemSettings() {
    return { openAtLogin: false, openAsHidden: false, wasOpenedAtLogin: false, ...this.#loginItem };
  }

  requestSingleInstanceLock(additionalData?: unknown): boolean {
    const mine = { argv: process.argv, cwd: process.cwd(), additionalData };
    this.#release = lockSingleInstance(this.getPath('userData'), mine, (other) => {
      void this.whenReady().then(() => this.emit('second-instance', {}, other.argv, other.cwd, other.additionalData));
    });
    return this.#release !== undefined;
  }
  hasSingleInstanceLock() {
    return this.#release !== undefined;
  }
  releaseSingleInstanceLock() {
    this.#release?.();
    this.#release = undefined;
  }

  quit() {
    const before = preventable({});
    this.emit('before-quit', before);
    if (!before.defaultPrevented) void this.#closeAndExit();
  }
  async #closeAndExit(): Promise<void> {
    for (const window of [...openWindows]) {
      window.close();
      await window.__closed();
      if (!window.isDestroyed()) return;
    }
    const last = preventable({});
    this.emit('will-quit', last);
    if (!last.defaultPrevented) this.exit(0);
  }
  exit(code = 0) {
    if (this.#exiting) return;
    this.#exiting = true;
    this.releaseSingleInstanceLock();
    this.emit('quit', {}, code);
    process.exit(code);
  }
  relaunch(_options?: object) {}
}

export const app = new App();
