import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type * as Electron from 'electron';
import { type Page, soundScheme } from '../../ipc.ts';
import type { AppNotifications } from '../notifications/open-notifications.ts';
import { isFromOwnPage } from '../requests/own-page.ts';
import { createRequestHandlers } from '../requests/request-handlers.ts';
import { serveRequests } from '../requests/serve-requests.ts';
import type { Help } from '../settings/help.ts';
import { answerSound } from '../sound/sound-scheme.ts';
import type { AppWindow } from '../window/app-window.ts';
import type { ClipboardFiles } from '../window/clipboard-files.ts';
import { createPopUps } from '../window/pop-ups.ts';
import type { SystemQuestions } from '../window/questions.ts';
import type { AppBase } from './app-base.ts';
import type { Work } from './open-work.ts';
import type { AppStart } from './run-app.ts';

export interface ServePageParts extends Work {
  readonly start: AppStart;
  readonly base: AppBase;
  readonly window: AppWindow;
  readonly questions: SystemQuestions;
  readonly notifications: AppNotifications;
  readonly help: Help;
  readonly copiedFiles: ClipboardFiles;
  /** Called with the page that the window shows. */
  readonly onShown: (page: Page) => void;
}

/** Answers the requests of the page, and gives it the sounds that it plays. */
export function servePage(electron: typeof Electron, parts: ServePageParts): void {
  const { start, base, window, questions, notifications, help, copiedFiles, list, backends, onShown } = parts;
  const { app, clipboard, shell, Menu } = electron;
  const { system, settings, log, onDefect } = base;
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
      shown: onShown,
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
  const pageUrl = base.devServer ?? pathToFileURL(base.page).href;
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
}
