import type { DatabaseName, StoresByDatabase } from '../../adapters/embedded/store-calls.ts';
import { type StoreWorker, startStoreWorker } from '../../adapters/embedded/store-worker.ts';
import type { ReportSkipped } from '../../ports/skipped-item.ts';

let worker: StoreWorker | undefined;
let report: ReportSkipped | undefined;

/**
 * Opens a database as the embedded backend does, in a thread that all tests of a file share: most tests are shorter than its start.
 * Skipped rows are reported to the one who opened last.
 */
export async function openStores<Name extends DatabaseName>(
  name: Name,
  path: string,
  onSkipped?: ReportSkipped,
): Promise<StoresByDatabase[Name] & AsyncDisposable> {
  report = onSkipped;
  worker ??= startStoreWorker({ onSkipped: (item) => report?.(item) });
  return await worker.open(name, path);
}
