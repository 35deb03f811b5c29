import type { DatabaseName, StoresByDatabase } from '../../adapters/embedded/store-calls.ts';
import { type StoreWorker, startStoreWorker } from '../../adapters/embedded/store-worker.ts';

let worker: StoreWorker | undefined;

/** Opens a database as the embedded backend does, in a thread that all tests of a file share: most tests are shorter than its start. */
export async function openStores<Name extends DatabaseName>(
  name: Name,
  path: string,
): Promise<StoresByDatabase[Name] & AsyncDisposable> {
  worker ??= startStoreWorker();
  return await worker.open(name, path);
}
