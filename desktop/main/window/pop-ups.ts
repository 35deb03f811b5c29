import type { BrowserWindow, Menu, MenuItemConstructorOptions } from 'electron';
import type { Row, System, View } from '../../ipc.ts';
import type { ConversionList } from '../list/conversion-list.ts';
import { shownFolder } from '../requests/request-handlers.ts';
import type { RequestHandlers } from '../requests/serve-requests.ts';
import type { SettingsStore } from '../settings/settings-store.ts';
import { rowMenu } from './row-menu.ts';
import { saveMenu } from './save-menu.ts';

export interface PopUpParts {
  readonly Menu: { buildFromTemplate(template: MenuItemConstructorOptions[]): Menu };
  readonly system: System;
  readonly window: () => BrowserWindow | undefined;
  readonly list: Pick<ConversionList, 'rows' | 'convertAgain'>;
  readonly settings: SettingsStore;
  /** Absolute path of the person's home folder. */
  readonly home: string;
  readonly show: (view: View) => void;
  readonly onDefect: (error: unknown) => void;
}

/** Opens menus of the system. `handlers` do what the items say. */
export interface PopUps {
  row(id: string, handlers: RequestHandlers): void;
  save(handlers: Pick<RequestHandlers, 'chooseSaveFolder'>): void;
}

export function createPopUps({ Menu, system, window, list, settings, home, show, onDefect }: PopUpParts): PopUps {
  function popUp(template: readonly MenuItemConstructorOptions[]): void {
    const owner = window();
    Menu.buildFromTemplate([...template]).popup(owner === undefined ? {} : { window: owner });
  }
  const run = async (work: unknown): Promise<void> => void (await work);

  function openRowMenu(row: Row, handlers: RequestHandlers): void {
    const { id } = row;
    const ask = (name: 'retry' | 'continueRow' | 'copyFile' | 'showInFolder' | 'showSource' | 'remove') => () =>
      void run(handlers[name](id)).catch(onDefect);
    popUp(
      rowMenu(system, row, {
        play: () => show({ kind: 'play', id }),
        showInFolder: ask('showInFolder'),
        showSource: ask('showSource'),
        copy: ask('copyFile'),
        convertAgain: (options) => void list.convertAgain(id, options).catch(onDefect),
        details: () => show({ kind: 'details', id }),
        tracks: () => show({ kind: 'tracks', id }),
        retry: ask('retry'),
        continueRow: ask('continueRow'),
        letGo: ask('remove'),
      }),
    );
  }

  return {
    row(id, handlers) {
      const row = list.rows().find((one) => one.id === id);
      if (row !== undefined) openRowMenu(row, handlers);
    },
    save(handlers) {
      popUp(
        saveMenu(system, shownFolder(settings.get().saveTo, home), {
          beside: () => settings.change({ saveTo: { kind: 'beside' } }),
          ask: () => settings.change({ saveTo: { kind: 'ask' } }),
          chooseFolder: () => void run(handlers.chooseSaveFolder()).catch(onDefect),
        }),
      );
    },
  };
}
