import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { App } from 'electron';
import { makeFolder } from '../../../shared/make-folder.ts';
import type { System } from '../../ipc.ts';
import { say } from '../../words/say.ts';
import { hiddenFlag } from '../app/command-line.ts';

export interface SystemIntegrationParts {
  readonly app: Pick<App, 'setAsDefaultProtocolClient' | 'setAppUserModelId' | 'setLoginItemSettings' | 'isPackaged'>;
  readonly system: System;
  /** Absolute path of the program that starts the app. */
  readonly executable: string;
  /** Absolute path of the person's folder for the settings of programs, on Linux. */
  readonly configFolder: string;
}

/** As in `electron-builder.yml`. */
const appId = 'org.soundlift.Soundlift';

/** Registers the app with the system, by each system's convention. */
export interface SystemIntegration {
  /** Registers the app for `soundlift:` links, and its name for notifications. */
  introduce(): void;
  /** Sets whether the app is started at login, in the tray. Throws what the file system throws. */
  openAtLogin(wanted: boolean): Promise<void>;
}

export function integrateWithSystem({
  app,
  system,
  executable,
  configFolder,
}: SystemIntegrationParts): SystemIntegration {
  return {
    introduce() {
      // Running from source would register Electron itself.
      if (app.isPackaged) app.setAsDefaultProtocolClient('soundlift');
      // Without it, Windows shows no notifications of an app that is not installed.
      if (system === 'windows') app.setAppUserModelId(appId);
    },
    async openAtLogin(wanted) {
      if (system !== 'linux') {
        app.setLoginItemSettings({ openAtLogin: wanted, args: [hiddenFlag] });
        return;
      }
      const folder = join(configFolder, 'autostart');
      const file = join(folder, 'soundlift.desktop');
      if (!wanted) await rm(file, { force: true });
      else {
        await makeFolder(folder);
        await writeFile(file, desktopEntry(executable));
      }
    },
  };
}

/** By the Desktop Entry Specification, whose `Exec` has its own rules for quoting. */
function desktopEntry(executable: string): string {
  const quoted = executable.replaceAll('\\', '\\\\').replaceAll(/["`$]/g, String.raw`\$&`).replaceAll('%', '%%');
  return `${[
    '[Desktop Entry]',
    'Type=Application',
    'Name=Soundlift',
    `Comment=${say('menusOpenAtLoginComment')}`,
    `Exec="${quoted}" ${hiddenFlag}`,
    'X-GNOME-Autostart-enabled=true',
  ].join('\n')}\n`;
}
