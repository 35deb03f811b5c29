import type { Logger } from 'pino';
import type { SettingsStore } from '../settings/settings-store.ts';
import type { BackendProcess } from './backend-host.ts';
import type { BackendStart } from './backend-start.ts';
import type { SecretStore } from './secret-store.ts';
import type { Workplaces } from './workplaces.ts';

export interface WorkplacesParts {
  readonly settings: SettingsStore;
  /** Absolute path of the app's own folder; this computer's backend lies in `backend` below it. */
  readonly dataFolder: string;
  readonly secrets: SecretStore;
  /** Starts `backend-process.ts`, and gives it `start`: see `startUtilityBackend`. */
  readonly startBackend: (start: BackendStart) => BackendProcess;
  /** What FFMPEG_PATH says. */
  readonly ffmpegPath?: string;
  readonly log: Logger;
}

export async function openWorkplaces(_parts: WorkplacesParts): Promise<Workplaces> {
  throw new Error('not there yet');
}
