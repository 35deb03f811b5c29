import type { App, Clipboard, Shell } from 'electron';
import type { AppState, Notice, Page, Settings, System, Toast } from '../../ipc.ts';
import type { Backends } from '../backends/backends.ts';
import type { ConversionList } from '../list/conversion-list.ts';
import { folderWords } from '../list/folder-words.ts';
import type { ChosenFolder, KeptSettings, SettingsStore } from '../settings/settings-store.ts';
import type { RequestHandlers } from './serve-requests.ts';

/** What the renderer asks of notices and toasts. */
export interface NotificationRequests {
  notices(): readonly Notice[];
  toasts(): readonly Toast[];
  markNoticesRead(): Promise<void>;
  noticeAction(id: string): void;
  toastAction(id: string): void;
  dismissToast(id: string): void;
}

/** Opens dialogs and menus of the system. */
export interface SystemRequests {
  shown(page: Page): void;
  /** Absolute paths of files and folders; none if the person cancels. */
  chooseVideos(): Promise<readonly string[]>;
  findSource(near: string): Promise<string | undefined>;
  chooseFolder(near: string | undefined): Promise<string | undefined>;
  rowMenu(id: string): void;
  saveMenu(): void;
  /** Absolute paths of the files on the clipboard. */
  clipboardPaths(): Promise<readonly string[]>;
  copyFile(file: string): Promise<void>;
  dragOut(file: string): void;
  copyReport(): Promise<void>;
  showLicences(): Promise<void>;
}

export interface RequestParts {
  readonly app: Pick<App, 'getVersion'>;
  readonly clipboard: Pick<Clipboard, 'writeText'>;
  readonly shell: Pick<Shell, 'showItemInFolder'>;
  readonly system: System;
  /** Absolute path of the person's home folder. */
  readonly home: string;
  readonly list: ConversionList;
  readonly backends: Backends;
  readonly settings: SettingsStore;
  readonly notifications: NotificationRequests;
  readonly dialogs: SystemRequests;
}

/** Answers the renderer's requests with the parts of main. */
export function createRequestHandlers(parts: RequestParts): RequestHandlers {
  const { app, clipboard, shell, system, home, list, backends, settings, notifications, dialogs } = parts;

  function state(): AppState {
    return {
      system,
      version: app.getVersion(),
      backend: backends.status(),
      summary: list.summary(),
      rows: list.rows(),
      settings: shownSettings(settings.get(), home),
      notices: notifications.notices(),
      toasts: notifications.toasts(),
    };
  }

  async function addThose(paths: readonly string[]): Promise<void> {
    if (paths.length > 0) await list.add(paths);
  }

  function showIfThere(file: string | undefined): void {
    if (file !== undefined) shell.showItemInFolder(file);
  }

  return {
    state,
    shown: (page) => dialogs.shown(page),

    useThisComputer: () => backends.useThisComputer(),
    signIn: (form) => backends.signIn(form),
    createAccount: (form) => backends.createAccount(form),
    confirmAddress: (code) => backends.confirmAddress(code),
    sendCodeAgain: () => backends.sendCodeAgain(),
    forgotPassword: (form) => backends.forgotPassword(form),
    resetPassword: (form) => backends.resetPassword(form),
    certificate: (address) => backends.certificate(address),
    signOut: () => backends.signOut(),
    setMail: (wanted) => backends.setMail(wanted),
    tryNow: () => backends.tryNow(),

    chooseVideos: async () => await addThose(await dialogs.chooseVideos()),
    addPaths: (paths) => addThose(paths),
    paste: async () => await addThose(await dialogs.clipboardPaths()),
    cancel: (id) => list.cancel(id),
    remove: (id) => list.remove(id),
    clearFinished: () => list.clearFinished(),
    async undo() {
      await list.undo();
    },
    dismissToast: (id) => notifications.dismissToast(id),
    retry: (id) => list.retry(id),
    pauseAll: () => list.pauseAll(),
    continueAll: () => list.continueAll(),
    continueRow: (id) => list.continueRow(id),
    chooseTrack: (id, track) => list.chooseTrack(id, track),
    convertHere: (id) => list.convertHere(id),
    async findSource(id) {
      const source = list.files(id)?.source;
      const found = source === undefined ? undefined : await dialogs.findSource(source);
      if (found !== undefined) await list.sourceFound(id, found);
    },
    async saveElsewhere(id) {
      const source = list.files(id)?.source;
      const folder = source === undefined ? undefined : await dialogs.chooseFolder(source);
      if (folder !== undefined) await list.saveInto(id, folder);
    },
    showInFolder: (id) => showIfThere(list.files(id)?.saved),
    showSource: (id) => showIfThere(list.files(id)?.source),
    async copyFile(id) {
      const saved = list.files(id)?.saved;
      if (saved !== undefined) await dialogs.copyFile(saved);
    },
    dragOut(id) {
      const saved = list.files(id)?.saved;
      if (saved !== undefined) dialogs.dragOut(saved);
    },
    rowMenu: (id) => dialogs.rowMenu(id),
    details: (id) => list.details(id),
    copyText: (text) => clipboard.writeText(text),
    peaks: (id) => list.peaks(id),

    history: (query) => list.history(query),
    removeFromHistory: (id) => list.removeFromHistory(id),
    convertAgain: (id) => list.convertAgain(id),
    clearHistory: () => list.clearHistory(),

    markNoticesRead: () => notifications.markNoticesRead(),
    noticeAction: (id) => notifications.noticeAction(id),
    toastAction: (id) => notifications.toastAction(id),

    changeSettings({ saveTo, atOnce, ...rest }) {
      settings.change({
        ...rest,
        ...(saveTo === undefined ? {} : { saveTo: { kind: saveTo } }),
        ...(atOnce === undefined ? {} : { atOnce: atOnce ?? undefined }),
      });
    },
    async chooseSaveFolder() {
      const { saveTo } = settings.get();
      const path = await dialogs.chooseFolder(saveTo.kind === 'folder' ? saveTo.path : undefined);
      if (path !== undefined) settings.change({ saveTo: { kind: 'folder', path } });
    },
    saveMenu: () => dialogs.saveMenu(),
    copyReport: () => dialogs.copyReport(),
    showLicences: () => dialogs.showLicences(),
  };
}

/** The settings as the renderer sees them: without paths. */
export function shownSettings(kept: KeptSettings, home: string): Settings {
  const { quality, whenTaken, atOnce, notify, notifySound, theme, keepInTray, openAtLogin } = kept;
  return {
    quality,
    saveTo: shownFolder(kept.saveTo, home),
    whenTaken,
    ...(atOnce === undefined ? {} : { atOnce }),
    notify,
    notifySound,
    theme,
    keepInTray,
    openAtLogin,
  };
}

/** Where MP3s go, without paths. */
export function shownFolder(chosen: ChosenFolder, home: string): Settings['saveTo'] {
  return chosen.kind === 'folder' ? { kind: 'folder', folder: folderWords(chosen.path, home) } : chosen;
}
