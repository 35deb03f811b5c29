import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type * as Electron from 'electron';
import type { Logger } from 'pino';
import type { System } from '../../ipc.ts';
import { createErrorMemory, type ErrorMemory } from '../settings/error-memory.ts';
import { openLog } from '../settings/open-log.ts';
import { openSettings } from '../settings/open-settings.ts';
import type { SettingsStore } from '../settings/settings-store.ts';
import { lockDown } from '../window/lock-down.ts';
import { integrateWithSystem, type SystemIntegration } from '../window/system-integration.ts';
import type { AppStart } from './run-app.ts';

/** What everything else of the app needs. Paths are absolute. */
export interface AppBase {
  readonly system: System;
  /** The app's folder for data. */
  readonly userData: string;
  readonly settings: SettingsStore;
  readonly log: Logger;
  /** The latest errors in the log, for reports. */
  readonly memory: ErrorMemory;
  readonly onDefect: (error: unknown) => void;
  readonly integration: SystemIntegration;
  /** The file of the page. */
  readonly page: string;
  /** The address of a development server that serves the page instead. */
  readonly devServer?: string;
}

/** Opens the log and the settings, and secures all web contents before there is a window. */
export function openAppBase(electron: typeof Electron, start: AppStart, system: System): AppBase {
  const { app } = electron;
  const userData = app.getPath('userData');
  mkdirSync(userData, { recursive: true, mode: 0o700 });
  const memory = createErrorMemory();
  const log = openLog({ folder: app.getPath('logs'), memory });
  const onDefect = (error: unknown): void => log.error({ err: error }, 'a defect');
  const settings = openSettings({ folder: userData, version: app.getVersion(), onError: onDefect });
  // An installed app shows no other page, whatever its environment says.
  const devServer = app.isPackaged || start.pageUrl === undefined ? {} : { devServer: start.pageUrl };
  const page = join(start.dist, 'renderer', 'index.html');
  lockDown({ app, session: electron.session.defaultSession, origin: { pageFolder: dirname(page), ...devServer } });
  const integration = integrateWithSystem({
    app,
    system,
    executable: process.execPath,
    configFolder: app.getPath('appData'),
  });
  integration.introduce();
  return { system, userData, settings, log, memory, onDefect, integration, page, ...devServer };
}
