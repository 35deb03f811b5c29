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
  /** What starts the app: absolute. */
  readonly executable: string;
  /** The folder for settings of the person's programs, on Linux: absolute. */
  readonly configFolder: string;
}

/** As in `electron-builder.yml`. */
const appId = 'org.soundlift.Soundlift';

/** What the system is told of the app, each by its convention. */
export interface SystemIntegration {
  /** Who opens links of ours, and under which name notifications come. */
  introduce(): void;
  /** Whether the app is started at login, in the tray. Throws what the file system throws. */
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
      // One that runs from its sources would register Electron itself.
      if (app.isPackaged) app.setAsDefaultProtocolClient('soundlift');
      // Without it Windows shows no notification of an app that was not installed.
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

/** After the Desktop Entry Specification, whose `Exec` has rules of its own for quoting. */
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
