import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type * as Electron from 'electron';
import { mediaExtensionNames } from '../../client/media-files.ts';
import { type Page, type Summary, type System, soundScheme } from '../../ipc.ts';
import { say } from '../../words/say.ts';
import { openSafeStorageSecrets } from '../account/safe-storage-secrets.ts';
import { openBackends } from '../backends/open-backends.ts';
import type { ConversionList } from '../list/conversion-list.ts';
import { openConversionList } from '../list/open-conversion-list.ts';
import { startUtilityBackend } from '../local-backend/utility-backend.ts';
import { openNotifications } from '../notifications/open-notifications.ts';
import { systemNotifier } from '../notifications/system-notifications.ts';
import { isFromOwnPage } from '../requests/own-page.ts';
import { createRequestHandlers, shownSettings } from '../requests/request-handlers.ts';
import { serveRequests } from '../requests/serve-requests.ts';
import { tellChanges } from '../requests/tell-changes.ts';
import { createErrorMemory } from '../settings/error-memory.ts';
import { createHelp } from '../settings/help.ts';
import { openLog } from '../settings/open-log.ts';
import { openSettings } from '../settings/open-settings.ts';
import { answerSound, soundSchemePrivileges } from '../sound/sound-scheme.ts';
import { openAppTray } from '../tray/app-tray.ts';
import type { MenuActions } from '../window/app-menu.ts';
import { createAppWindow } from '../window/app-window.ts';
import { clipboardFiles } from '../window/clipboard-files.ts';
import { keepMenus } from '../window/keep-menus.ts';
import { lockDown } from '../window/lock-down.ts';
import { createPopUps } from '../window/pop-ups.ts';
import { createSystemQuestions } from '../window/questions.ts';
import { integrateWithSystem } from '../window/system-integration.ts';
import type { Incoming } from './command-line.ts';
import { openRequests } from './open-requests.ts';
import { watchQuitting } from './quitting.ts';
import { stayAwake } from './stay-awake.ts';

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

/** Runs the app: puts its parts together. */
export async function runApp(electron: typeof Electron, start: AppStart): Promise<void> {
  const { app, nativeTheme, Menu, clipboard, shell, utilityProcess, MessageChannelMain } = electron;
  const system = systemOf(start.platform);
  if (!app.requestSingleInstanceLock()) {
    // The first one shows itself, with what this one was given.
    app.exit(0);
    return;
  }
  electron.protocol.registerSchemesAsPrivileged([soundSchemePrivileges]);
  const { argv, folder } = start;
  const incoming = openRequests({ app, argv, folder, ...(app.isPackaged ? {} : { appPath: app.getAppPath() }) });
  // It lives on in the tray, or in the dock.
  app.on('window-all-closed', () => undefined);
  await app.whenReady();

  const userData = app.getPath('userData');
  mkdirSync(userData, { recursive: true, mode: 0o700 });
  const memory = createErrorMemory();
  const log = openLog({ folder: app.getPath('logs'), memory });
  const onDefect = (error: unknown): void => log.error({ err: error }, 'a defect');
  const settings = openSettings({ folder: userData, version: app.getVersion(), onError: onDefect });
  // Whoever may set an installed app's environment may not have it show another page.
  const devServer = app.isPackaged ? undefined : start.pageUrl;
  const page = join(start.dist, 'renderer', 'index.html');
  lockDown({
    app,
    session: electron.session.defaultSession,
    origin: { pageFolder: dirname(page), ...(devServer === undefined ? {} : { devServer }) },
  });
  const integration = integrateWithSystem({
    app,
    system,
    executable: process.execPath,
    configFolder: app.getPath('appData'),
  });
  integration.introduce();

  let isEnding = false;
  const window = createAppWindow({
    BrowserWindow: electron.BrowserWindow,
    nativeTheme,
    workAreas: () => electron.screen.getAllDisplays().map(({ workArea }) => workArea),
    system,
    settings,
    preload: join(start.dist, 'preload', 'preload.cjs'),
    page,
    ...(devServer === undefined ? {} : { devServer }),
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

  const backends = await openBackends({
    settings,
    dataFolder: userData,
    secrets: await openSafeStorageSecrets({
      safeStorage: electron.safeStorage,
      system,
      file: join(userData, 'secrets.json'),
      log,
    }),
    startBackend: (backend) =>
      startUtilityBackend(
        { utilityProcess, MessageChannelMain, file: join(start.dist, 'main', 'backend-process.js') },
        backend,
      ),
    ...(start.ffmpegPath === undefined ? {} : { ffmpegPath: start.ffmpegPath }),
    log,
  });
  const { list, setAside } = openConversionList({
    file: join(userData, 'list.sqlite'),
    backends,
    settings,
    questions,
    home: start.home,
    log,
  });

  const addAndShow = (paths: readonly string[]): void => {
    window.show({ kind: 'now' });
    if (paths.length > 0) list.add(paths).catch(onDefect);
  };
  const chooseVideos = async (): Promise<void> => addAndShow(await questions.videos());
  const showInFolder = (file: string): void => shell.showItemInFolder(file);
  const actions = {
    chooseVideos: () => void chooseVideos().catch(onDefect),
    pauseAll: () => list.pauseAll(),
    continueAll: () => list.continueAll(),
    quit: () => app.quit(),
  };
  const tray = openAppTray({
    system,
    Tray: electron.Tray,
    Menu,
    nativeImage: electron.nativeImage,
    nativeTheme,
    imagesFolder: join(start.dist, 'tray'),
    actions: {
      ...actions,
      showFile: showInFolder,
      openApp: () => window.show(),
      openSettings: () => window.show({ kind: 'settings' }),
    },
    onDrop: addAndShow,
    onDefect,
  });
  let shownPage: Page = 'now';
  const notifications = openNotifications({
    file: join(userData, 'notices.sqlite'),
    home: start.home,
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
  if (settings.setAside !== undefined) notifications.tellSetAside('settings');
  if (setAside !== undefined) notifications.tellSetAside('list');

  const help = createHelp({ app, clipboard, shell, system, settings, memory, dist: start.dist, log });
  const copiedFiles = clipboardFiles(electron, system);
  const menuActions: MenuActions = {
    ...actions,
    paste: () => void copiedFiles.read().then(addAndShow).catch(onDefect),
    undo: () => void list.undo().catch(onDefect),
    clearFinished: () => void list.clearFinished().catch(onDefect),
    show: (view) => window.show({ kind: view }),
    closeWindow: () => window.window()?.close(),
    copyReport: () => void help.copyReport().catch(onDefect),
    showLicences: () => void help.showLicences().catch(onDefect),
  };
  const popUps = createPopUps({
    Menu,
    system,
    window: window.window,
    list,
    settings,
    home: start.home,
    show: window.show,
    onDefect,
  });

  const handlers = createRequestHandlers({
    app,
    clipboard,
    shell,
    system,
    home: start.home,
    list,
    backends,
    settings,
    notifications,
    dialogs: {
      shown(page) {
        shownPage = page;
      },
      chooseVideos: questions.videos,
      findSource: questions.video,
      chooseFolder: questions.folder,
      rowMenu: (id) => popUps.row(id, handlers),
      saveMenu: () => popUps.save(handlers),
      clipboardPaths: copiedFiles.read,
      copyFile: copiedFiles.write,
      dragOut(file) {
        const icon = electron.nativeImage.createFromPath(join(start.dist, 'icons', 'drag.png'));
        window.contents()?.startDrag({ file, icon });
      },
      ...help,
    },
  });

  const pageUrl = devServer ?? pathToFileURL(page).href;
  const teller = tellChanges(window.send);
  serveRequests({
    ipcMain: electron.ipcMain,
    isOurs: (event) => isFromOwnPage(event, window.contents(), pageUrl),
    handlers: {
      ...handlers,
      state() {
        window.pageIsThere();
        return handlers.state();
      },
    },
    onDefect: (error, name) => log.error({ err: error, request: name }, 'a request failed'),
  });
  electron.protocol.handle(soundScheme, (request) => answerSound(request, (id) => list.files(id)?.saved));

  const awake = stayAwake(electron.powerSaveBlocker);
  const drawMenus = keepMenus({ Menu, dock: app.dock, system, actions: menuActions });
  function hearSummary(summary: Summary): void {
    awake.working(summary.mode === 'working' && summary.unfinished > 0);
    drawMenus(summary);
  }
  hearSummary(list.summary());

  list.follow((change) => {
    if (change.type === 'news') return;
    teller.tell(change);
    if (change.type === 'summary') hearSummary(change.summary);
  });
  notifications.follow(teller.tell);
  backends.follow(() => teller.tell({ type: 'backend', backend: backends.status() }));
  let atLogin = settings.get().openAtLogin;
  settings.follow((kept) => {
    teller.tell({ type: 'settings', settings: shownSettings(kept, start.home) });
    if (kept.openAtLogin === atLogin) return;
    atLogin = kept.openAtLogin;
    integration.openAtLogin(atLogin).catch(onDefect);
  });

  const lookForFiles = (): void => void list.lookForFiles().catch(onDefect);
  lookForFiles();
  // Whoever has moved or deleted one did it in another window.
  window.follow(() => window.isInFront() && lookForFiles());

  electron.powerMonitor.on('resume', () => backends.tryNow());
  app.on('activate', () => window.show());
  watchQuitting({
    app,
    unfinishedHere: () => (backends.status().kind === 'here' ? list.unfinished() : 0),
    ask: questions.quit,
    async end() {
      isEnding = true;
      teller[Symbol.dispose]();
      notifications[Symbol.dispose]();
      awake[Symbol.dispose]();
      await list[Symbol.asyncDispose]();
      await backends[Symbol.asyncDispose]();
      tray[Symbol.dispose]();
    },
    onDefect,
  });
  incoming.follow((one) => receive(one, list, window.show, onDefect));
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
