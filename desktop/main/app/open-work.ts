import { join } from 'node:path';
import type * as Electron from 'electron';
import { openSafeStorageSecrets } from '../account/safe-storage-secrets.ts';
import type { Backends } from '../backends/backends.ts';
import { openBackends } from '../backends/open-backends.ts';
import type { Questions } from '../list/conversion-list.ts';
import { type OpenedList, openConversionList } from '../list/open-conversion-list.ts';
import { startUtilityBackend } from '../local-backend/utility-backend.ts';
import type { AppBase } from './app-base.ts';
import type { AppStart } from './run-app.ts';

export interface Work extends OpenedList {
  readonly backends: Backends;
}

/** Opens the backends, and the list of conversions over them. */
export async function openWork(
  electron: typeof Electron,
  start: AppStart,
  { system, userData, settings, log }: AppBase,
  questions: Questions,
): Promise<Work> {
  const { safeStorage, utilityProcess, MessageChannelMain } = electron;
  const processParts = { utilityProcess, MessageChannelMain, file: join(start.dist, 'main', 'backend-process.js') };
  const backends = await openBackends({
    settings,
    dataFolder: userData,
    secrets: await openSafeStorageSecrets({ safeStorage, system, file: join(userData, 'secrets.json'), log }),
    startBackend: (backend) => startUtilityBackend(processParts, backend),
    ...(start.ffmpegPath === undefined ? {} : { ffmpegPath: start.ffmpegPath }),
    log,
  });
  const file = join(userData, 'list.sqlite');
  return { backends, ...openConversionList({ file, backends, settings, questions, home: start.home, log }) };
}
