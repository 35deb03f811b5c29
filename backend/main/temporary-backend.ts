import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { isDiskFull } from '../../shared/disk-full.ts';
import { AppError, isAppError } from '../../shared/errors.ts';
import type { LocalChannel } from '../../shared/local-channel.ts';
import { sayShared } from '../../shared/words/say.ts';
import { removeAbandonedFolders } from './abandoned-folders.ts';
import { type EmbeddedSettings, startEmbedded } from './embedded.ts';

const prefix = 'soundlift-convert-';
/** Another process that cleans up may take a folder just before it is locked. */
const tries = 5;

export interface TemporaryBackend extends AsyncDisposable {
  readonly channel: LocalChannel;
}

/**
 * An embedded backend with its own data folder, which is removed when it is disposed of. If the process is killed, the next one
 * removes the folder. Throws as {@link startEmbedded} does.
 */
export async function startTemporaryBackend(
  settings: Omit<EmbeddedSettings, 'dataFolder' | 'whenFull' | 'temporary'>,
  log: Logger,
): Promise<TemporaryBackend> {
  await removeAbandonedFolders(prefix, log);
  const full = { fail: sayShared('failTemporaryDiskFull', { folder: tmpdir() }) };
  for (let attempt = 1; ; attempt += 1) {
    const dataFolder = await makeTemporaryFolder(full.fail);
    try {
      const backend = await startEmbedded({ ...settings, dataFolder, whenFull: full, temporary: true }, log);
      return {
        channel: backend.channel,
        async [Symbol.asyncDispose]() {
          try {
            await backend[Symbol.asyncDispose]();
          } finally {
            await rm(dataFolder, { recursive: true, force: true });
          }
        },
      };
    } catch (error) {
      await rm(dataFolder, { recursive: true, force: true });
      if (isAppError(error, 'disk_full')) throw new AppError('disk_full', full.fail, { cause: error });
      if (!isAppError(error, 'data_in_use', 'data_unusable') || attempt === tries) throw error;
    }
  }
}

async function makeTemporaryFolder(fullSentence: string): Promise<string> {
  try {
    return await mkdtemp(join(tmpdir(), prefix));
  } catch (error) {
    if (!isDiskFull(error)) throw error;
    throw new AppError('disk_full', fullSentence, { cause: error });
  }
}
