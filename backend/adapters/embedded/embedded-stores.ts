import type { BlobStore } from '../../ports/blob-store.ts';
import { type DataFolder, lockDataFolder, openDataFolder } from './data-folder.ts';
import { openFileBlobStore } from './file-blob-store.ts';
import type { AccountsStores, ConversionsStores } from './store-calls.ts';
import { startStoreWorker } from './store-worker.ts';

/** All stores of the embedded backend. Disposing of it ends the calls in progress, closes the databases, then releases the lock. */
export interface EmbeddedStores extends ConversionsStores, AccountsStores, AsyncDisposable {
  readonly folder: DataFolder;
  readonly videos: BlobStore;
  readonly mp3s: BlobStore;
  /** Fires if the databases cannot be used any more. The reason is an AppError, which all calls throw from then on. */
  readonly died: AbortSignal;
}

/**
 * Opens the stores in a data folder, which is made if it is missing, and locks it. Throws `data_in_use` while another process has
 * the folder, and as the stores do.
 */
export async function openEmbeddedStores(folderPath: string): Promise<EmbeddedStores> {
  const folder = await openDataFolder(folderPath);
  await using opened = new AsyncDisposableStack();
  opened.use(lockDataFolder(folder));
  // A thread for each, so that a check of a token does not wait for the syncs of conversions.
  const [conversionsWorker, accountsWorker] = [opened.use(startStoreWorker()), opened.use(startStoreWorker())];
  const [conversions, accounts] = await Promise.all([
    conversionsWorker.open('conversions', folder.conversionsDatabase),
    accountsWorker.open('accounts', folder.accountsDatabase),
  ]);
  const videos = await openFileBlobStore(folder.videos);
  const mp3s = await openFileBlobStore(folder.mp3s);
  const kept = opened.move();
  return {
    ...conversions,
    ...accounts,
    folder,
    videos,
    mp3s,
    died: AbortSignal.any([conversionsWorker.died, accountsWorker.died]),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
