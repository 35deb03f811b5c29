import { join } from 'node:path';
import type * as Electron from 'electron';
import { mediaExtensionNames } from '../../client/media-files.ts';
import type { Page, System } from '../../ipc.ts';
import { say } from '../../words/say.ts';
import type { ConversionList } from '../list/conversion-list.ts';
import { openNotifications } from '../notifications/open-notifications.ts';
import { systemNotifier } from '../notifications/system-notifications.ts';
import { createHelp } from '../settings/help.ts';
import { soundSchemePrivileges } from '../sound/sound-scheme.ts';
import { openAppTray } from '../tray/app-tray.ts';
import { createAppWindow } from '../window/app-window.ts';
import { clipboardFiles } from '../window/clipboard-files.ts';
import { createSystemQuestions } from '../window/questions.ts';
import { openAppBase } from './app-base.ts';
import type { Incoming } from './command-line.ts';
import { followChanges } from './follow-changes.ts';
import { openRequests } from './open-requests.ts';
import { openWork } from './open-work.ts';
import { watchQuitting } from './quitting.ts';
import { servePage } from './serve-page.ts';

/** Where and how the app was started. Paths are absolute. */
export interface AppStart {
  readonly argv: readonly string[];
  readonly folder: string;
  readonly platform: NodeJS.Platform;
  readonly home: string;
  /** The folder of the bundles. */
  readonly dist: string;
  /** The page of a development server, instead of the built one. */
  readonly pageUrl?: string;
  readonly ffmpegPath?: string;
}

/** Runs the app, from its parts. */
export async function runApp(electron: typeof Electron, start: AppStart): Promise<void> {
  const { app } = electron;
  if (!app.requestSingleInstanceLock()) {
    // The first instance shows its window and gets the arguments of this one.
    app.exit(0);
    return;
  }
  electron.protocol.registerSchemesAsPrivileged([soundSchemePrivileges]);
  const { argv, folder } = start;
  const incoming = openRequests({ app, argv, folder, ...(app.isPackaged ? {} : { appPath: app.getAppPath() }) });
  // The app stays in the tray or in the dock.
  app.on('window-all-closed', () => undefined);
  await app.whenReady();
  const running = await openApp(electron, start);
  incoming.follow(running.receive);
}

/** Opens all parts of the app and connects them. */
async function openApp(electron: typeof Electron, start: AppStart): Promise<{ receive(incoming: Incoming): void }> {
  const { app, nativeTheme, Menu, nativeImage, clipboard, shell } = electron;
  const { home, dist } = start;
  const system = systemOf(start.platform);
  const base = openAppBase(electron, start, system);
  const { settings, userData, log, onDefect } = base;

  let isEnding = false;
  let shownPage: Page = 'now';
  const window = createAppWindow({
    BrowserWindow: electron.BrowserWindow,
    nativeTheme,
    workAreas: () => electron.screen.getAllDisplays().map(({ workArea }) => workArea),
    system,
    settings,
    preload: join(dist, 'preload', 'preload.cjs'),
    page: base.page,
    ...(base.devServer === undefined ? {} : { devServer: base.devServer }),
    devTools: !app.isPackaged,
    staysWithoutWindow: () => system === 'macos' || (tray.isThere && settings.get().keepInTray),
    isQuitting: () => isEnding,
    quit: () => app.quit(),
    onBroken: () => electron.dialog.showErrorBox('Soundlift', say('menusPageBroken')),
  });
  const questions = createSystemQuestions({
    dialog: electron.dialog,
    system,
    window: () => (window.isVisible() ? window.window() : undefined),
    extensions: mediaExtensionNames,
  });
  const work = await openWork(electron, start, base, questions);
  const { backends, list } = work;

  const showInFolder = (file: string): void => shell.showItemInFolder(file);
  const actions = listActions({ app, list, questions, show: window.show, onDefect });
  const tray = openAppTray({
    system,
    Tray: electron.Tray,
    Menu,
    nativeImage,
    nativeTheme,
    imagesFolder: join(dist, 'tray'),
    actions: {
      ...actions,
      showFile: showInFolder,
      openApp: () => window.show(),
      openSettings: () => window.show({ kind: 'settings' }),
    },
    onDrop: actions.addAndShow,
    onDefect,
  });
  const notifications = openNotifications({
    file: join(userData, 'notices.sqlite'),
    home,
    list,
    backends,
    settings,
    tray,
    window: { ...window, showsList: () => shownPage === 'now' },
    notifySystem: systemNotifier(electron.Notification, system),
    setBadge: (count) => system === 'macos' && app.setBadgeCount(count),
    showInFolder,
    log,
  });
  if (settings.setAside !== undefined) notifications.reportSetAside('settings');
  if (work.setAside !== undefined) notifications.reportSetAside('list');

  const help = createHelp({ app, clipboard, shell, system, settings, memory: base.memory, dist, log });
  const copiedFiles = clipboardFiles(electron, system);
  const onShown = (page: Page): void => void (shownPage = page);
  servePage(electron, { start, base, window, questions, notifications, help, copiedFiles, ...work, onShown });
  const following = followChanges(electron, {
    ...base,
    ...work,
    notifications,
    window,
    home,
    menuActions: {
      ...actions,
      paste: () => void copiedFiles.read().then(actions.addAndShow).catch(onDefect),
      undo: () => void list.undo().catch(onDefect),
      clearFinished: () => void list.clearFinished().catch(onDefect),
      show: (view) => window.show({ kind: view }),
      closeWindow: () => window.window()?.close(),
      copyReport: () => void help.copyReport().catch(onDefect),
      showLicences: () => void help.showLicences().catch(onDefect),
    },
  });

  const lookForFiles = (): void => void list.lookForFiles().catch(onDefect);
  lookForFiles();
  // Files are moved and deleted while another window is in front.
  window.follow(() => window.isInFront() && lookForFiles());
  electron.powerMonitor.on('resume', () => backends.tryNow());
  app.on('activate', () => window.show());
  watchQuitting({
    app,
    unfinishedHere: () => (backends.status().kind === 'here' ? list.unfinished() : 0),
    ask: questions.quit,
    async end() {
      isEnding = true;
      following[Symbol.dispose]();
      notifications[Symbol.dispose]();
      await list[Symbol.asyncDispose]();
      await backends[Symbol.asyncDispose]();
      tray[Symbol.dispose]();
    },
    onDefect,
  });
  return { receive: (one) => receive(one, list, window.show, onDefect) };
}

interface ListActionsParts {
  readonly app: Pick<typeof Electron.app, 'quit'>;
  readonly list: ConversionList;
  readonly questions: { videos(): Promise<readonly string[]> };
  readonly show: ReturnType<typeof createAppWindow>['show'];
  readonly onDefect: (error: unknown) => void;
}

/** What the tray and the menus do with the list. */
function listActions({ app, list, questions, show, onDefect }: ListActionsParts) {
  /** A menu's click must not throw. */
  function attempt(work: () => void): void {
    try {
      work();
    } catch (error) {
      onDefect(error);
    }
  }
  const addAndShow = (paths: readonly string[]): void => {
    show({ kind: 'now' });
    if (paths.length > 0) list.add(paths).catch(onDefect);
  };
  return {
    addAndShow,
    chooseVideos: () => void questions.videos().then(addAndShow).catch(onDefect),
    pauseAll: () => attempt(() => list.pauseAll()),
    continueAll: () => attempt(() => list.continueAll()),
    quit: () => app.quit(),
  };
}

function receive(
  { paths, links, isHidden }: Incoming,
  list: ConversionList,
  show: ReturnType<typeof createAppWindow>['show'],
  onDefect: (error: unknown) => void,
): void {
  const [link] = links;
  if (link !== undefined) {
    const row = list.firstOfBatch(link.batchId);
    show(row === undefined ? { kind: 'history' } : { kind: 'row', id: row });
  } else if (!isHidden) show();
  if (paths.length > 0) list.add(paths).catch(onDefect);
}

function systemOf(platform: NodeJS.Platform): System {
  if (platform === 'darwin') return 'macos';
  return platform === 'win32' ? 'windows' : 'linux';
}
