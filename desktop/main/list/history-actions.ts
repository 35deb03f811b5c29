import { isAppError } from '../../../shared/errors.ts';
import type { Backends } from '../backends/backends.ts';
import type { AddVideos } from './add-videos.ts';
import type { ConversionList, ListChange } from './conversion-list.ts';
import type { Entries } from './entries.ts';
import type { EntriesDatabase } from './entries-database.ts';
import type { Entry } from './entry.ts';
import { detailsOf } from './entry-details.ts';
import { historyPage } from './history-page.ts';
import { isThere } from './missing-files.ts';

export interface HistoryActionsParts {
  readonly entries: Entries;
  readonly database: EntriesDatabase;
  readonly backends: Backends;
  /** Absolute path of the person's home folder. */
  readonly home: string;
  readonly add: AddVideos['add'];
  readonly onChange: (change: ListChange) => void;
}

/** The history, and what is known of an entry whether it is in the list or only in the history. */
export type HistoryActions = Pick<
  ConversionList,
  | 'history'
  | 'removeFromHistory'
  | 'convertAgain'
  | 'clearFinished'
  | 'clearHistory'
  | 'details'
  | 'peaks'
  | 'files'
  | 'firstOfBatch'
>;

export function createHistoryActions(parts: HistoryActionsParts): HistoryActions {
  const { entries, database, backends, home, add, onChange } = parts;

  function listedOrSaved(id: string): Entry | undefined {
    return entries.get(id) ?? database.get(id);
  }

  function unlistSaved(): void {
    entries.unlist(entries.ids(({ step }) => step.kind === 'saved'));
  }

  /** Removes the ended conversions from the current backend, unless some of their MP3s must still be saved. */
  async function clearCurrentBackend(): Promise<void> {
    const current = backends.current();
    if (current === undefined) return;
    const unsaved = entries.ids(
      ({ backendKey, step }) => backendKey === current.key && 'result' in step && step.kind !== 'saved',
    );
    if (unsaved.length > 0) return;
    await current.backend.clear().catch((error: unknown) => {
      if (!isAppError(error)) throw error;
    });
  }

  return {
    history: (query) => historyPage(database, query, { home, hostOf: (key) => backends.hostOf(key) }),
    async removeFromHistory(id) {
      if (entries.get(id) !== undefined) entries.unlist([id]);
      database.remove([id]);
      onChange({ type: 'history' });
    },
    async convertAgain(id, options) {
      const entry = listedOrSaved(id);
      if (entry === undefined) return;
      const { path, fileName } = entry.source;
      if (await isThere(path)) await add([path], options);
      else onChange({ type: 'news', news: { kind: 'source_missing', name: fileName } });
    },
    async clearFinished() {
      unlistSaved();
    },
    async clearHistory() {
      unlistSaved();
      database.clearSaved();
      onChange({ type: 'history' });
      await clearCurrentBackend();
    },
    details: (id) => detailsOf(listedOrSaved(id)),
    async peaks(id) {
      return listedOrSaved(id)?.peaks ?? [];
    },
    files(id) {
      const entry = listedOrSaved(id);
      if (entry === undefined) return undefined;
      const { source, step } = entry;
      return { source: source.path, ...(step.kind === 'saved' ? { saved: step.file } : {}) };
    },
    firstOfBatch(batchId) {
      const [first] = entries.ids((entry) => entry.batchId === batchId);
      return first;
    },
  };
}
