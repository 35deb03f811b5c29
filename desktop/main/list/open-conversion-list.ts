import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Logger } from 'pino';
import { AppError, isAppError } from '../../../shared/errors.ts';
import type { OutputOptions } from '../../../shared/formats.ts';
import { type Backends, hereKey } from '../backends/backends.ts';
import type { SettingsStore } from '../settings/settings-store.ts';
import { findEntries } from './add-entries.ts';
import { createBatchEnds } from './batch-ends.ts';
import { createCallOutbox } from './call-outbox.ts';
import type { ConversionList, ListChange, ListNews, Questions } from './conversion-list.ts';
import { openEntries } from './entries.ts';
import { openEntriesDatabase } from './entries-database.ts';
import { type Entry, isAtRest } from './entry.ts';
import { detailsOf } from './entry-details.ts';
import { historyPage } from './history-page.ts';
import { createListRows } from './list-rows.ts';
import { isThere, watchMissingFiles } from './missing-files.ts';
import { createEntryRunner } from './run-entries.ts';
import { type AgainChanges, againEvent } from './start-again.ts';
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

/** The list, and what was set aside where its file could not be read. */
export interface OpenedList {
  readonly list: ConversionList;
  /** Absolute path. */
  readonly setAside?: string;
}

/** Throws what SQLite throws where the file cannot be made or read, and is not broken. */
export function openConversionList(parts: ConversionListParts): OpenedList {
  const { backends, settings, questions, home, log } = parts;
  const database = openEntriesDatabase(parts.file);
  const listeners = new Set<(change: ListChange) => void>();
  const adding = new Set<Promise<void>>();
  const closing = new AbortController();
  const { promise: closed, resolve: close } = Promise.withResolvers<void>();

  const entries = openEntries(database, (ids) => rows.change(ids));
  const outbox = createCallOutbox({ database, backends, log });
  const runner = createEntryRunner({
    entries,
    backends,
    settings,
    questions,
    outbox,
    onChange: (ids) => rows.change(ids),
    log,
  });
  const missing = watchMissingFiles(entries, (ids) => rows.change(ids));
  const rows = createListRows({
    entries,
    runner,
    missing,
    settings,
    home,
    onRows(changed, removed) {
      tell({ type: 'rows', changed, removed });
      ends.look(changed.map(({ id }) => id));
    },
    onSummary: (summary) => tell({ type: 'summary', summary }),
  });
  const ends = createBatchEnds({
    entries,
    database,
    onNews: news,
    onSaved(id) {
      tell({ type: 'history' });
      rows.freshen(id);
    },
  });
  const undos = createUndoList({ entries, database, startAgain, onNews: news, onCalls: () => outbox.send() });
  const unfollowSettings = settings.follow(() => {
    rows.change(idsOf((entry) => !isAtRest(entry)));
    runner.wake();
  });

  function tell(change: ListChange): void {
    for (const listener of listeners) listener(change);
  }

  function news(one: ListNews): void {
    tell({ type: 'news', news: one });
  }

  function idsOf(isMeant: (entry: Entry) => boolean): readonly string[] {
    return [...entries.all()].filter(isMeant).map(({ id }) => id);
  }

  function add(paths: readonly string[], options?: OutputOptions): Promise<void> {
    // A question may stand unanswered when the app ends.
    const one = Promise.race([findAndAdd(paths, options), closed]).finally(() => adding.delete(one));
    adding.add(one);
    return one;
  }

  async function findAndAdd(paths: readonly string[], options?: OutputOptions): Promise<void> {
    const { signal } = closing;
    const found = await findEntries(paths, options, { backends, settings, questions }, signal).catch(
      (error: unknown) => {
        if (signal.aborted) return undefined;
        throw error;
      },
    );
    if (found === undefined || signal.aborted) return;
    if (found.entries.length > 0) {
      // Whoever drops videos on the first run's question has answered it.
      if (backends.currentKey() === undefined) void backends.useThisComputer();
      if (idsOf((entry) => !isAtRest(entry)).length === 0) unlistSaved();
      // What was dropped later may have been found sooner.
      const order = database.nextOrder();
      entries.add(found.entries.map((entry, index) => ({ ...entry, order: order + index })));
    }
    // At once: this is what the person waits for.
    rows.flush();
    news({ kind: 'added', count: found.entries.length, leftOut: found.leftOut });
    runner.wake();
  }

  function unlistSaved(): void {
    entries.unlist(idsOf(({ step }) => step.kind === 'saved'));
  }

  function startAgain(id: string, changes: AgainChanges = {}): void {
    const entry = entries.get(id);
    if (entry === undefined || !isAtRest(entry)) return;
    const event = againEvent(entry, changes);
    if (event.begunId !== undefined) outbox.drop(event.begunId);
    runner.stop(id);
    ends.startAgain(id);
    entries.apply(id, event);
    runner.wake();
  }

  function listedOrSaved(id: string): Entry | undefined {
    return entries.get(id) ?? database.get(id);
  }

  function cancel(id: string): void {
    const entry = entries.get(id);
    if (entry === undefined || isAtRest(entry)) return;
    runner.stop(id);
    const { step, backendKey } = entry;
    // An upload that was begun stays as it is: it may be gone on with, and otherwise expires.
    const isThere = step.kind === 'accepted';
    entries.apply(
      id,
      { type: 'cancelled' },
      isThere ? [{ conversionId: step.conversionId, backendKey, action: 'cancel' }] : [],
    );
    undos.keep('cancelled', entry);
    outbox.send();
    runner.wake();
  }

  /** What the current backend keeps of what has ended, but for the MP3s that are still to be saved. */
  async function clearCurrentBackend(): Promise<void> {
    const current = backends.current();
    if (current === undefined) return;
    const awaited = idsOf(
      ({ backendKey, step }) => backendKey === current.key && 'result' in step && step.kind !== 'saved',
    );
    if (awaited.length > 0) return;
    await current.backend.clear().catch((error: unknown) => {
      if (!isAppError(error)) throw error;
    });
  }

  const list: ConversionList = {
    rows: () => rows.all(),
    summary: () => rows.summary(),
    follow(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },

    add: (paths) => add(paths),
    async cancel(id) {
      cancel(id);
    },
    async remove(id) {
      const entry = entries.get(id);
      if (entry === undefined) return;
      if (!isAtRest(entry)) return cancel(id);
      entries.unlist([id]);
      undos.keep('removed', entry);
    },
    async undo(undoId) {
      undos.undo(undoId);
    },
    forgetUndo: (undoId) => undos.forget(undoId),
    async clearFinished() {
      unlistSaved();
    },
    async retry(id) {
      startAgain(id);
    },

    pauseAll() {
      settings.change({ paused: true });
      runner.hold();
    },
    continueAll() {
      entries.applyToAll(
        idsOf(({ isHeld }) => isHeld),
        { type: 'held', isHeld: false },
      );
      settings.change({ paused: false });
      runner.hurry();
    },
    continueRow(id) {
      // The others stay held, one by one.
      if (settings.get().paused) {
        entries.applyToAll(
          idsOf((entry) => entry.id !== id),
          { type: 'held', isHeld: true },
        );
      }
      entries.apply(id, { type: 'held', isHeld: false });
      settings.change({ paused: false });
      runner.hurry();
    },

    async chooseTrack(id, track) {
      const entry = entries.get(id);
      if (entry !== undefined) startAgain(id, { options: { ...entry.options, track } });
    },
    async convertHere(id) {
      startAgain(id, { backendKey: hereKey });
    },
    async sourceFound(id, path) {
      const facts = await stat(path).catch(() => undefined);
      const entry = entries.get(id);
      if (entry === undefined || facts === undefined) return;
      const { identity: _other, ...source } = entry.source;
      startAgain(id, { source: { ...source, path, fileName: basename(path), bytes: facts.size } });
    },
    async saveInto(id, folder) {
      const entry = entries.get(id);
      if (entry === undefined || !('result' in entry.step)) return;
      runner.stop(id);
      entries.apply(id, { type: 'save_again', target: { kind: 'folder', path: folder } });
      runner.hurry();
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

    lookForFiles: () => missing.look(),

    history: (query) => historyPage(database, query, { home, hostOf: (key) => backends.hostOf(key) }),
    async removeFromHistory(id) {
      if (entries.get(id) !== undefined) entries.unlist([id]);
      database.remove([id]);
      tell({ type: 'history' });
    },
    firstOfBatch(batchId) {
      for (const entry of entries.all()) if (entry.batchId === batchId) return entry.id;
      return undefined;
    },
    async convertAgain(id, options) {
      const entry = listedOrSaved(id);
      if (entry === undefined) return;
      if (await isThere(entry.source.path)) await add([entry.source.path], options);
      else news({ kind: 'source_missing', name: entry.source.fileName });
    },
    async clearHistory() {
      unlistSaved();
      database.clearSaved();
      tell({ type: 'history' });
      await clearCurrentBackend();
    },

    unfinished: () => idsOf((entry) => !isAtRest(entry)).length,

    async [Symbol.asyncDispose]() {
      closing.abort(new AppError('cancelled', 'The app ends.'));
      close();
      unfollowSettings();
      await Promise.allSettled(adding);
      await runner[Symbol.asyncDispose]();
      await outbox[Symbol.asyncDispose]();
      rows[Symbol.dispose]();
      database[Symbol.dispose]();
    },
  };
  // Whoever opens the list follows it from then on.
  setImmediate(() => closing.signal.aborted || ends.tellLeft());
  return { list, ...(database.setAside === undefined ? {} : { setAside: database.setAside }) };
}
