import { isAppError } from '../../../shared/errors.ts';
import { inDataFolder, openDataFolder } from './data-folder.ts';
import { makeRoomToStart } from './reserve-file.ts';
import { refuseDamagedLog } from './sqlite-database.ts';
import type { AccountsStores } from './store-calls.ts';
import { startStoreWorker } from './store-worker.ts';
import { limitsAt } from './volume-space.ts';

/**
 * Opens the accounts in a data folder, which is made if it is missing. A server may have the folder at the same time. On a full disk,
 * the reserve gets smaller. `called` is what sentences about the folder call it. Throws `data_unusable`, `unsupported`, `disk_full`,
 * and as the stores do.
 */
export async function openAccounts(folderPath: string, called: string): Promise<AccountsStores & AsyncDisposable> {
  const folder = await openDataFolder(folderPath, called);
  return await inDataFolder(folder, async () => {
    refuseDamagedLog(folder.accountsDatabase);
    const limits = limitsAt(folder.path);
    const reserve = { file: folder.reserve, bytes: limits.reserve };
    await using opened = new AsyncDisposableStack();
    const worker = opened.use(startStoreWorker());
    const open = () => worker.open('accounts', folder.accountsDatabase, reserve);
    // Beside a running server, opening needs no space: then what is reserved for the next start stays.
    const accounts = await open().catch(async (error: unknown) => {
      if (!isAppError(error, 'disk_full')) throw error;
      await makeRoomToStart(folder.reserve, limits);
      return await open();
    });
    opened.use(accounts);
    const kept = opened.move();
    return { ...accounts, [Symbol.asyncDispose]: () => kept.disposeAsync() };
  });
}
