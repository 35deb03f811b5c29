import { dirname } from 'node:path';
import type { HistoryItem, HistoryPage, HistoryQuery } from '../../ipc.ts';
import type { BackendKey } from '../backends/backends.ts';
import { type EntriesDatabase, savedName } from './entries-database.ts';
import type { Entry } from './entry.ts';
import { folderWords } from './folder-words.ts';
import { isThere } from './missing-files.ts';

export interface HistoryNames {
  /** Absolute path of the person's home folder. */
  readonly home: string;
  readonly hostOf: (key: BackendKey) => string | undefined;
}

/** One page of the history. Checks whether its MP3s still exist. */
export async function historyPage(
  database: EntriesDatabase,
  query: HistoryQuery,
  names: HistoryNames,
): Promise<HistoryPage> {
  const { entries, found } = database.saved(query);
  const { count, seconds, bytes } = database.savedTotals();
  const items = await Promise.all(entries.map(async (entry) => await itemOf(entry, names)));
  return { items: items.flatMap((item) => item ?? []), found, total: count, totalSeconds: seconds, totalBytes: bytes };
}

async function itemOf(entry: Entry, { home, hostOf }: HistoryNames): Promise<HistoryItem | undefined> {
  const { id, step, options, backendKey, savedAt = 0 } = entry;
  if (step.kind !== 'saved') return undefined;
  const host = hostOf(backendKey);
  return {
    id,
    name: savedName(entry) ?? '',
    folder: folderWords(dirname(step.file), home),
    ...(host === undefined ? {} : { host }),
    ...(options.track === undefined ? {} : { track: options.track }),
    durationSeconds: step.result.durationSeconds,
    bytes: step.result.bytes,
    savedAt,
    missing: !(await isThere(step.file)),
  };
}
