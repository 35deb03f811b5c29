import type * as Electron from 'electron';
import type { Summary } from '../../ipc.ts';
import type { AppNotifications } from '../notifications/open-notifications.ts';
import { shownSettings } from '../requests/request-handlers.ts';
import { createChangeSender } from '../requests/send-changes.ts';
import type { MenuActions } from '../window/app-menu.ts';
import type { AppWindow } from '../window/app-window.ts';
import { keepMenus } from '../window/keep-menus.ts';
import type { AppBase } from './app-base.ts';
import type { Work } from './open-work.ts';
import { stayAwake } from './stay-awake.ts';

export interface FollowChangesParts extends Work, Pick<AppBase, 'settings' | 'system' | 'integration' | 'onDefect'> {
  readonly notifications: AppNotifications;
  readonly window: Pick<AppWindow, 'send'>;
  /** Absolute path of the person's home folder. */
  readonly home: string;
  readonly menuActions: MenuActions;
}

/** Brings each change to the page, to the menus and to the system. Ends when it is disposed. */
export function followChanges(
  { app, Menu, powerSaveBlocker }: Pick<typeof Electron, 'app' | 'Menu' | 'powerSaveBlocker'>,
  parts: FollowChangesParts,
): Disposable {
  const { list, backends, settings, notifications, system, integration, home, menuActions, onDefect } = parts;
  const sender = createChangeSender(parts.window.send);
  const awake = stayAwake(powerSaveBlocker);
  const drawMenus = keepMenus({ Menu, dock: app.dock, system, actions: menuActions });
  function hearSummary(summary: Summary): void {
    awake.working(summary.mode === 'working' && summary.unfinished > 0);
    drawMenus(summary);
  }
  hearSummary(list.summary());

  list.follow((change) => {
    if (change.type === 'news') return;
    sender.add(change);
    if (change.type === 'summary') hearSummary(change.summary);
  });
  notifications.follow(sender.add);
  backends.follow(() => sender.add({ type: 'backend', backend: backends.status() }));
  let atLogin = settings.get().openAtLogin;
  settings.follow((kept) => {
    sender.add({ type: 'settings', settings: shownSettings(kept, home) });
    if (kept.openAtLogin === atLogin) return;
    atLogin = kept.openAtLogin;
    integration.openAtLogin(atLogin).catch(onDefect);
  });
  return {
    [Symbol.dispose]() {
      sender[Symbol.dispose]();
      awake[Symbol.dispose]();
    },
  };
}
