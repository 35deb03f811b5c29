import type { ElectronApplication } from '@playwright/test';
import type { Menu, MenuItem } from 'electron';
import './recorded.ts';

/** An item of a menu, as a person sees it. */
export interface ShownItem {
  readonly label: string;
  readonly enabled: boolean;
  readonly checked: boolean;
  readonly items: readonly ShownItem[];
}

/** What the app has shown on the desktop so far, as plain data. */
export interface DesktopRecord {
  readonly notifications: readonly { readonly title: string; readonly body: string; readonly silent: boolean }[];
  readonly trays: readonly {
    readonly toolTip: string;
    readonly images: number;
    readonly items: readonly ShownItem[];
  }[];
  /** Menus that popped up. */
  readonly menus: readonly (readonly ShownItem[])[];
  readonly applicationMenu: readonly ShownItem[];
  readonly progress: readonly { readonly fraction: number; readonly mode: string | undefined }[];
  readonly badges: readonly number[];
  /** Files that were dragged out. */
  readonly drags: readonly string[];
  readonly shown: readonly string[];
  readonly opened: readonly string[];
  readonly dialogs: readonly {
    readonly kind: string;
    readonly options: Electron.MessageBoxOptions;
    readonly answer: object;
  }[];
}

/** Reads what `recorder.cjs` keeps. */
export function recorded(app: ElectronApplication): Promise<DesktopRecord> {
  return app.evaluate(({ Menu: menus }) => {
    const itemsOf = (menu: Menu | null | undefined): ShownItem[] =>
      (menu?.items ?? [])
        .filter(({ visible, type }) => visible && type !== 'separator')
        .map(({ label, enabled, checked, submenu }) => ({ label, enabled, checked, items: itemsOf(submenu) }));
    const kept = globalThis.recorded;
    return JSON.parse(
      JSON.stringify({
        notifications: kept.notifications.map(({ title, body, silent }) => ({ title, body, silent })),
        trays: [...kept.trays.values()].map(({ toolTip, images, menu }) => ({ toolTip, images, items: itemsOf(menu) })),
        menus: kept.menus.map(itemsOf),
        applicationMenu: itemsOf(menus.getApplicationMenu()),
        progress: kept.progress,
        badges: kept.badges.map((count) => count ?? 0),
        drags: kept.drags.map(({ file }) => file),
        shown: kept.shown,
        opened: kept.opened,
        dialogs: kept.dialogs,
      } satisfies DesktopRecord),
    ) as DesktopRecord;
  });
}

/** Adds an answer for a dialog to come, e.g. `{ canceled: false, filePaths: ['/a'] }` or `{ response: 1 }`. */
export async function answerDialog(app: ElectronApplication, answer: object): Promise<void> {
  await app.evaluate((_electron, given) => {
    globalThis.recorded.answers.push(given);
  }, answer);
}

/** Clicks an item, by its label, in the tray's menu, the menu that popped up last, or the application's menu. */
export async function clickMenu(
  app: ElectronApplication,
  which: 'tray' | 'popup' | 'application',
  label: string,
): Promise<void> {
  await app.evaluate(
    ({ Menu: menus, BrowserWindow }, asked) => {
      const kept = globalThis.recorded;
      const menu = {
        tray: () => [...kept.trays.values()].at(-1)?.menu,
        popup: () => kept.menus.at(-1),
        application: () => menus.getApplicationMenu(),
      }[asked.which]();
      const find = (items: readonly MenuItem[]): MenuItem | undefined =>
        items
          .flatMap((item) => [item, ...[find(item.submenu?.items ?? [])].filter((found) => found !== undefined)])
          .find((item) => item.label === asked.label);
      const item = find(menu?.items ?? []);
      if (item === undefined) throw new Error(`there is no “${asked.label}” in the menu`);
      (item.click as (...args: unknown[]) => void)({}, BrowserWindow.getAllWindows()[0], undefined);
    },
    { which, label },
  );
}

/** Clicks the last notification, or one of its buttons. */
export async function clickNotification(app: ElectronApplication, button?: number): Promise<void> {
  await app.evaluate((_electron, index) => {
    const notification = globalThis.recorded.notifications.at(-1);
    if (notification === undefined) throw new Error('there is no notification');
    if (index === null) notification.emit('click', {});
    else notification.emit('action', { actionIndex: index }, index);
  }, button ?? null);
}
