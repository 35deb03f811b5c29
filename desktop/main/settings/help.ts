import { release } from 'node:os';
import { join } from 'node:path';
import type { App, Clipboard, Shell } from 'electron';
import type { Logger } from 'pino';
import type { System } from '../../ipc.ts';
import type { ErrorMemory } from './error-memory.ts';
import { report } from './report.ts';
import type { SettingsStore } from './settings-store.ts';

export interface HelpParts {
  readonly app: Pick<App, 'getVersion'>;
  readonly clipboard: Pick<Clipboard, 'writeText'>;
  readonly shell: Pick<Shell, 'openPath'>;
  readonly system: System;
  readonly settings: Pick<SettingsStore, 'get'>;
  readonly memory: Pick<ErrorMemory, 'errors'>;
  /** The folder of the bundles, absolute. */
  readonly dist: string;
  readonly log: Logger;
}

/** The actions of the help menu and of the settings: the report and the licences. */
export interface Help {
  copyReport(): Promise<void>;
  showLicences(): Promise<void>;
}

export function createHelp({ app, clipboard, shell, system, settings, memory, dist, log }: HelpParts): Help {
  return {
    async copyReport() {
      const text = report({
        version: app.getVersion(),
        system,
        systemVersion: release(),
        electronVersion: process.versions.electron,
        settings: settings.get(),
        errors: memory.errors(),
      });
      await clipboard.writeText(text);
    },
    async showLicences() {
      const refused = await shell.openPath(join(dist, 'licences.txt'));
      if (refused !== '') log.warn({ reason: refused }, 'the licences could not be opened');
    },
  };
}
