import type { MenuItemConstructorOptions } from 'electron';
import type { SaveTo, System } from '../../ipc.ts';
import { folderText } from '../../words/folder-text.ts';
import { say } from '../../words/say.ts';
import { menuLabel } from './app-menu.ts';

export interface SaveMenuActions {
  beside(): void;
  ask(): void;
  chooseFolder(): void;
}

/** The menu of folders to which the next MP3s can be saved. */
export function saveMenu(
  system: System,
  saveTo: SaveTo,
  actions: SaveMenuActions,
): readonly MenuItemConstructorOptions[] {
  const { kind } = saveTo;
  return [
    { type: 'radio', label: menuLabel(system, 'menusBesideVideo'), checked: kind === 'beside', click: actions.beside },
    kind === 'folder'
      ? { type: 'radio', label: say('menusInFolder', { folder: folderText(saveTo.folder) }), checked: true }
      : { type: 'radio', label: menuLabel(system, 'menusOneFolder'), checked: false, click: actions.chooseFolder },
    { type: 'radio', label: menuLabel(system, 'menusAskEachDrop'), checked: kind === 'ask', click: actions.ask },
    { type: 'separator' },
    { label: menuLabel(system, 'menusChooseFolder'), click: actions.chooseFolder },
  ];
}
