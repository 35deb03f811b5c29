import type { Logger } from 'pino';
import type { Backends } from '../backends/backends.ts';
import type { SettingsStore } from '../settings/settings-store.ts';
import { createAddVideos } from './add-videos.ts';
import { createBatchEnds } from './batch-ends.ts';
import { createCallOutbox } from './call-outbox.ts';
import type { ConversionList, ListChange, ListNews, Questions } from './conversion-list.ts';
import { openEntries } from './entries.ts';
import { openEntriesDatabase } from './entries-database.ts';
import { isAtRest } from './entry.ts';
import { createHistoryActions } from './history-actions.ts';
import { createListRows } from './list-rows.ts';
import { watchMissingFiles } from './missing-files.ts';
import { createPauseEntries } from './pause-entries.ts';
import { createRowActions } from './row-actions.ts';
import { createEntryRunner } from './run-entries.ts';
import { createStartAgain } from './start-again.ts';
import { createUndoList } from './undo-list.ts';

export interface ConversionListParts {
  /** Absolute path of the SQLite file. */
  readonly file: string;
  readonly backends: Backends;
  readonly settings: SettingsStore;
  readonly questions: Questions;
  /** Absolute path of the person's home folder, for the names of folders. */
  readonly home: string;
  readonly log: Logger;
}

/** Not more often, because the work of all entries is tried again and again. */
const sayFullEveryMilliseconds = 60_000;

/** The list, and the file that was set aside if it could not be read. */
export interface OpenedList {
  readonly list: ConversionList;
  /** Absolute path. */
  readonly setAside?: string;
}

/** Throws `disk_full`, or what SQLite throws, if the file can be neither created nor read, and is not damaged. */
export function openConversionList(parts: ConversionListParts): OpenedList {
  const { backends, settings, questions, home, log } = parts;
  const listeners = new Set<(change: ListChange) => void>();
  let isClosed = false;

  function send(change: ListChange): void {
    for (const listener of listeners) listener(change);
  }
  const onNews = (news: ListNews): void => send({ type: 'news', news });
  let fullSaidAt = Number.NEGATIVE_INFINITY;
  function sayFull(): void {
    if (performance.now() - fullSaidAt < sayFullEveryMilliseconds) return;
    fullSaidAt = performance.now();
    onNews({ kind: 'list_disk_full' });
  }
  const database = openEntriesDatabase(parts.file, sayFull);

  const entries = openEntries(database, (ids) => rows.change(ids));
  const outbox = createCallOutbox({ database, backends, log });
  const onChange = (ids: readonly string[]): void => rows.change(ids);
  const runner = createEntryRunner({ entries, backends, settings, questions, outbox, onChange, log });
  const missing = watchMissingFiles(entries, onChange);
  const rows = createListRows({
    entries,
    runner,
    missing,
    settings,
    home,
    onRows(changed, removed) {
      send({ type: 'rows', changed, removed });
      ends.look(changed.map(({ id }) => id));
    },
    onSummary: (summary) => send({ type: 'summary', summary }),
  });
  const ends = createBatchEnds({
    entries,
    database,
    onNews,
    onSaved(id) {
      send({ type: 'history' });
      rows.freshen(id);
    },
  });
  const startAgain = createStartAgain({ entries, outbox, runner, ends });
  const undos = createUndoList({ entries, database, startAgain, onNews, onCalls: () => outbox.send() });
  const videos = createAddVideos({
    entries,
    database,
    backends,
    settings,
    questions,
    onAdded(news) {
      // At once: this is what the person waits for.
      rows.flush();
      onNews(news);
      runner.wake();
    },
  });
  const unfinished = (): readonly string[] => entries.ids((entry) => !isAtRest(entry));
  const unfollowSettings = settings.follow(() => {
    rows.change(unfinished());
    runner.wake();
  });

  const list: ConversionList = {
    rows: () => rows.all(),
    summary: () => rows.summary(),
    follow(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    add: (paths) => videos.add(paths),
    ...createRowActions({ entries, runner, outbox, undos, startAgain }),
    ...createPauseEntries({ entries, settings, runner }),
    ...createHistoryActions({ entries, database, backends, home, add: videos.add, onChange: send }),
    async undo(undoId) {
      undos.undo(undoId);
    },
    forgetUndo: (undoId) => undos.forget(undoId),
    lookForFiles: () => missing.look(),
    unfinished: () => unfinished().length,

    async [Symbol.asyncDispose]() {
      isClosed = true;
      unfollowSettings();
      await videos[Symbol.asyncDispose]();
      await runner[Symbol.asyncDispose]();
      await outbox[Symbol.asyncDispose]();
      rows[Symbol.dispose]();
      database[Symbol.dispose]();
    },
  };
  // Later, because the caller follows the list only once it has it.
  setImmediate(() => isClosed || ends.reportLeft());
  return { list, ...(database.setAside === undefined ? {} : { setAside: database.setAside }) };
}
