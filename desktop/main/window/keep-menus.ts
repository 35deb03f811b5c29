import type { Dock, Menu } from 'electron';
import type { Summary, System } from '../../ipc.ts';
import { appMenu, dockMenu, type MenuActions } from './app-menu.ts';

export interface KeepMenusParts {
  readonly Menu: Pick<typeof Menu, 'setApplicationMenu' | 'buildFromTemplate'>;
  /** Only on macOS. */
  readonly dock: Pick<Dock, 'setMenu'> | undefined;
  readonly system: System;
  readonly actions: MenuActions;
}

/** Sets the menus of the app and of the dock. Returns a function that updates them for a new summary. */
export function keepMenus({ Menu, dock, system, actions }: KeepMenusParts): (summary: Summary) => void {
  let lastLook = '';
  dock?.setMenu(Menu.buildFromTemplate([...dockMenu(actions)]));
  return ({ mode, done }) => {
    const look = `${mode} ${done > 0}`;
    if (look === lastLook) return;
    lastLook = look;
    Menu.setApplicationMenu(Menu.buildFromTemplate([...appMenu(system, { mode, hasFinished: done > 0 }, actions)]));
  };
}
