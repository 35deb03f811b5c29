import { join } from 'node:path';
import type { Menu, MenuItemConstructorOptions, NativeImage, NativeTheme, Tray } from 'electron';
import type { Summary, System } from '../../ipc.ts';
import { atMostEvery } from '../notifications/at-most-every.ts';
import { trayImageName } from './tray-image-names.ts';
import { type RecentSound, type TrayActions, trayMark, trayMenu, trayTitle, type Unseen } from './tray-look.ts';

export interface AppTrayParts {
  readonly system: System;
  readonly Tray: new (image: NativeImage) => Tray;
  readonly Menu: { buildFromTemplate(template: MenuItemConstructorOptions[]): Menu };
  readonly nativeImage: { createFromPath(path: string): NativeImage };
  readonly nativeTheme: Pick<NativeTheme, 'on' | 'off' | 'shouldUseDarkColors'>;
  /** Absolute path of the folder of the tray's images. */
  readonly imagesFolder: string;
  readonly actions: TrayActions;
  /** Called with files that were dropped on it, on macOS. */
  readonly onDrop: (paths: readonly string[]) => void;
  readonly onDefect: (error: unknown) => void;
}

export interface AppTray extends Disposable {
  /** Whether the system has a tray, as far as can be known. */
  readonly isThere: boolean;
  draw(summary: Summary, unseen: Unseen, recent: readonly RecentSound[]): void;
}

/** The image is changed at most this often. */
const drawEveryMilliseconds = 1000;

export function openAppTray(parts: AppTrayParts): AppTray {
  const { system, nativeTheme, imagesFolder, actions } = parts;
  let image = '';
  let menu = '';
  let drawn: [Summary, Unseen, readonly RecentSound[]] | undefined;

  const imageOf = (name: string): NativeImage => parts.nativeImage.createFromPath(join(imagesFolder, name));
  // Windows reports the theme of windows. The taskbar has the same theme unless the person sets them apart.
  const name = (mark: Parameters<typeof trayImageName>[0]): string =>
    trayImageName(mark, system, nativeTheme.shouldUseDarkColors);

  let tray: Tray | undefined;
  try {
    tray = new parts.Tray(imageOf(name({ kind: 'idle' })));
  } catch (error) {
    // A desktop may have no tray, so nothing may be reachable only there.
    parts.onDefect(error);
  }
  if (tray !== undefined) {
    tray.on('double-click', actions.openApp);
    // On macOS a click opens the menu by itself.
    if (system !== 'macos') tray.on('click', actions.openApp);
    tray.on('drop-files', (_event, files) => parts.onDrop(files));
  }

  function drawNow(summary: Summary, unseen: Unseen, recent: readonly RecentSound[]): void {
    if (tray === undefined || tray.isDestroyed()) return;
    const nextImage = name(trayMark(summary, unseen));
    if (nextImage !== image) {
      image = nextImage;
      tray.setImage(imageOf(nextImage));
    }
    const template = trayMenu(system, summary, recent, actions);
    const nextMenu = JSON.stringify(template);
    if (nextMenu === menu) return;
    menu = nextMenu;
    tray.setToolTip(trayTitle(summary));
    // On Linux a changed menu is shown only after it is set again.
    tray.setContextMenu(parts.Menu.buildFromTemplate([...template]));
  }

  const drawing = atMostEvery<typeof drawn>(drawEveryMilliseconds, (what) => {
    drawn = what;
    if (what !== undefined) drawNow(...what);
  });
  const themeChanged = (): void => drawing.run(drawn);
  // macOS colours the image itself.
  if (system !== 'macos') nativeTheme.on('updated', themeChanged);

  return {
    isThere: tray !== undefined,
    draw(...what) {
      drawing.run(what);
    },
    [Symbol.dispose]() {
      nativeTheme.off('updated', themeChanged);
      drawing[Symbol.dispose]();
      tray?.destroy();
    },
  };
}
