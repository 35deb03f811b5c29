import type { MenuItemConstructorOptions } from 'electron';
import type { Summary, System } from '../../ipc.ts';
import { type MessageName, say } from '../../words/say.ts';

/** The actions of the menu's items. */
export interface MenuActions {
  chooseVideos(): void;
  paste(): void;
  undo(): void;
  pauseAll(): void;
  continueAll(): void;
  clearFinished(): void;
  show(view: 'now' | 'history' | 'find' | 'settings' | 'notices'): void;
  closeWindow(): void;
  copyReport(): void;
  showLicences(): void;
  quit(): void;
}

/** The part of the app's state that the menu shows. */
export interface MenuState {
  readonly mode: Summary['mode'];
  readonly hasFinished: boolean;
}

type Item = MenuItemConstructorOptions;

const separator: Item = { type: 'separator' };

/** Menus are written in title case on macOS, and as sentences elsewhere. */
export function menuLabel(system: System, name: MessageName): string {
  const words = say(name);
  return system === 'macos' ? titleCase(words) : words;
}

const smallWords: ReadonlySet<string> = new Set(['a', 'an', 'and', 'at', 'by', 'for', 'in', 'of', 'on', 'the', 'to']);

function titleCase(words: string): string {
  return words
    .split(' ')
    .map((word, index) => (index > 0 && smallWords.has(word) ? word : word.slice(0, 1).toUpperCase() + word.slice(1)))
    .join(' ');
}

/** The application's menu, by each system's convention, with the keys that work anywhere in the window. */
export function appMenu(system: System, state: MenuState, actions: MenuActions): readonly Item[] {
  const label = (name: MessageName): string => menuLabel(system, name);
  const isMac = system === 'macos';
  const isPaused = state.mode === 'paused';
  const settings: Item = {
    label: label('menusSettings'),
    accelerator: 'CommandOrControl+,',
    click: () => actions.show('settings'),
  };
  const quit: Item = { label: label('menusQuitApp'), accelerator: 'CommandOrControl+Q', click: () => actions.quit() };

  const application: Item = {
    label: 'Soundlift',
    submenu: [
      { label: say('menusAbout'), role: 'about' },
      separator,
      settings,
      separator,
      { role: 'services' },
      separator,
      { role: 'hide' },
      { role: 'hideOthers' },
      { role: 'unhide' },
      separator,
      quit,
    ],
  };
  const file: Item = {
    label: label('menusFile'),
    submenu: [
      { label: label('menusChooseVideos'), accelerator: 'CommandOrControl+O', click: () => actions.chooseVideos() },
      separator,
      {
        label: label(isPaused ? 'menusContinueAll' : 'menusPauseAll'),
        accelerator: 'CommandOrControl+Shift+P',
        enabled: isPaused || state.mode === 'working',
        click: () => (isPaused ? actions.continueAll() : actions.pauseAll()),
      },
      { label: label('menusClear'), enabled: state.hasFinished, click: () => actions.clearFinished() },
      separator,
      { label: label('menusCloseWindow'), accelerator: 'CommandOrControl+W', click: () => actions.closeWindow() },
      ...(isMac ? [] : [separator, settings, separator, quit]),
    ],
  };
  const edit: Item = {
    label: label('menusEdit'),
    submenu: [
      // Text fields undo by themselves; the page passes on what was not meant for them.
      {
        label: label('menusUndo'),
        accelerator: 'CommandOrControl+Z',
        registerAccelerator: false,
        click: () => actions.undo(),
      },
      separator,
      { role: 'cut' },
      { role: 'copy' },
      { role: 'paste' },
      { role: 'selectAll' },
      separator,
      { label: label('menusFindInHistory'), accelerator: 'CommandOrControl+F', click: () => actions.show('find') },
    ],
  };
  const view: Item = {
    label: label('menusView'),
    submenu: [
      { label: label('menusNow'), accelerator: 'CommandOrControl+1', click: () => actions.show('now') },
      { label: label('menusHistory'), accelerator: 'CommandOrControl+2', click: () => actions.show('history') },
      { label: label('menusNotifications'), click: () => actions.show('notices') },
      separator,
      { role: 'resetZoom' },
      { role: 'zoomIn' },
      { role: 'zoomOut' },
      separator,
      { role: 'togglefullscreen' },
    ],
  };
  const window: Item = { label: label('menusWindow'), role: 'windowMenu' };
  const help: Item = {
    label: label('menusHelp'),
    role: 'help',
    submenu: [
      { label: label('menusCopyReport'), click: () => actions.copyReport() },
      { label: label('menusLicences'), click: () => actions.showLicences() },
      ...(isMac ? [] : [separator, { label: say('menusAbout'), role: 'about' } satisfies Item]),
    ],
  };
  return isMac ? [application, file, edit, view, window, help] : [file, edit, view, help];
}

/** The items of the dock icon's menu, besides those of macOS. */
export function dockMenu(actions: Pick<MenuActions, 'chooseVideos' | 'show'>): readonly Item[] {
  return [
    { label: menuLabel('macos', 'menusChooseVideos'), click: () => actions.chooseVideos() },
    { label: menuLabel('macos', 'menusHistory'), click: () => actions.show('history') },
  ];
}
