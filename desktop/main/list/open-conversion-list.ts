import { randomUUID } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { Logger } from 'pino';
import { isAppError } from '../../../shared/errors.ts';
import type { OutputOptions } from '../../../shared/formats.ts';
import { findSources } from '../../client/find-sources.ts';
import { outputOptionsOf, type Row, type Summary } from '../../ipc.ts';
import { placeWords } from '../place-words.ts';
import type { ChosenFolder, SettingsStore } from '../settings/settings-store.ts';
import { hereKey, type Workplaces } from '../workplaces/workplaces.ts';
import type { BatchEnd, ConversionList, ListChange, ListNews, Questions } from './conversion-list.ts';
import { openEntries } from './entries.ts';
import { openEntriesDatabase, savedName } from './entries-database.ts';
import { conversionIdOf, type Entry, isAtRest } from './entry.ts';
import { detailsOf } from './entry-details.ts';
import { historyPage } from './history-page.ts';
import type { EntryEvent } from './reduce-entry.ts';
import { type EntryNow, rowOf } from './row-view.ts';
import { createEntryRunner } from './run-entries.ts';
import { createSummaryMeter } from './summary.ts';

export interface ConversionListParts {
  /** Absolute path of the SQLite file. */
  readonly file: string;
  readonly workplaces: Workplaces;
  readonly settings: SettingsStore;
  readonly questions: Questions;
  /** Absolute path of the person's home folder, for the names of places. */
  readonly home: string;
  readonly log: Logger;
}

/** The list, and what was set aside where its file could not be read. */
export interface OpenedList {
  readonly list: ConversionList;
  /** Absolute path. */
  readonly setAside?: string;
}

/** Changes of rows are told together. */
const tellEveryMilliseconds = 100;
/** Beyond this, how many go before a row says nothing. */
const mostBefore = 20;
/** The waveform of a row that was finished before the person's eyes rises once. */
const freshMilliseconds = 3000;

/** Throws what SQLite throws where the file cannot be made. */
export function openConversionList(parts: ConversionListParts): OpenedList {
  const { workplaces, settings, questions, home, log } = parts;
  const database = openEntriesDatabase(parts.file);
  const listeners = new Set<(change: ListChange) => void>();
  const rows = new Map<string, Row>();
  const dirty = new Set<string>();
  const fresh = new Set<string>();
  const undoable = new Map<string, readonly Entry[]>();
  const told = new Set(database.toldBatches());
  const meter = createSummaryMeter();
  const adding = new Set<Promise<void>>();
  let summary: Summary;
  let flushTimer: NodeJS.Timeout | undefined;

  const entries = openEntries(database, changed);
  const runner = createEntryRunner({ entries, workplaces, settings, questions, onChange: changed, log });
  const unfollowSettings = settings.follow(() => {
    for (const entry of entries.all()) if (!isAtRest(entry)) dirty.add(entry.id);
    changed([]);
    runner.wake();
  });

  function tell(change: ListChange): void {
    for (const listener of listeners) listener(change);
  }
  const news = (one: ListNews): void => tell({ type: 'news', news: one });

  function changed(ids: readonly string[]): void {
    for (const id of ids) dirty.add(id);
    flushTimer ??= setTimeout(flush, tellEveryMilliseconds);
  }

  /** How many go before each of the first ones that wait. */
  function places(): ReadonlyMap<string, number> {
    const before = new Map<string, number>();
    const counts = new Map<string, number>();
    for (const entry of entries.all()) {
      const { step, workplace } = entry;
      if (isAtRest(entry) || step.kind === 'unsaved' || step.kind === 'finished' || step.kind === 'placing') continue;
      const count = counts.get(workplace) ?? 0;
      if (count > mostBefore) continue;
      before.set(entry.id, count);
      counts.set(workplace, count + 1);
    }
    return before;
  }

  function drawn(entry: Entry, before: ReadonlyMap<string, number>): Row {
    const place = before.get(entry.id);
    const now: EntryNow = {
      ...runner.now(entry),
      isPaused: settings.get().paused,
      isFresh: fresh.has(entry.id),
      ...(place === undefined ? {} : { before: place }),
    };
    return rowOf(entry, now, (folder) => placeWords(folder, home));
  }

  function refresh(): { changed: Row[]; removed: string[] } {
    const before = places();
    for (const id of before.keys()) dirty.add(id);
    const changedRows: Row[] = [];
    const removed: string[] = [];
    for (const id of dirty) {
      const entry = entries.get(id);
      const old = rows.get(id);
      if (entry === undefined) {
        if (rows.delete(id)) removed.push(id);
        continue;
      }
      const row = drawn(entry, before);
      if (old !== undefined && JSON.stringify(old) === JSON.stringify(row)) continue;
      rows.set(id, row);
      changedRows.push(row);
    }
    dirty.clear();
    summary = meter.read(rows.values(), settings.get().paused, performance.now() / 1000);
    return { changed: changedRows.toSorted((one, other) => one.order - other.order), removed };
  }

  function flush(): void {
    clearTimeout(flushTimer);
    flushTimer = undefined;
    const lastSummary = JSON.stringify(summary);
    const { changed: changedRows, removed } = refresh();
    if (changedRows.length > 0 || removed.length > 0) tell({ type: 'rows', changed: changedRows, removed });
    if (JSON.stringify(summary) !== lastSummary) tell({ type: 'summary', summary });
    for (const { id, state } of changedRows) {
      if (state.kind === 'done' || state.kind === 'failed' || state.kind === 'cancelled') ended(id);
    }
  }

  const endedSeen = new Set<string>();
  for (const entry of entries.all()) if (isAtRest(entry)) endedSeen.add(entry.id);

  /** What is told once of an entry that came to its end, and of its batch. */
  function ended(id: string): void {
    const entry = entries.get(id);
    if (entry === undefined || endedSeen.has(id)) return;
    endedSeen.add(id);
    const { step, source, batchId } = entry;
    if (step.kind === 'failed') news({ kind: 'failed', id, name: source.fileName, code: step.code });
    if (step.kind === 'saved') {
      tell({ type: 'history' });
      fresh.add(id);
      setTimeout(() => {
        fresh.delete(id);
        changed([id]);
      }, freshMilliseconds).unref();
      changed([id]);
    }
    endBatch(batchId);
  }

  function endBatch(batchId: string): void {
    if (told.has(batchId)) return;
    const ofBatch = [...entries.all()].filter((entry) => entry.batchId === batchId);
    if (!ofBatch.every(isAtRest)) return;
    const batch = batchEnd(batchId, ofBatch);
    if (batch.saved.length + batch.failed.length === 0) return;
    told.add(batchId);
    database.markTold(batchId);
    news({ kind: 'batch_ended', batch });
  }

  async function targetOfDrop(paths: readonly string[]): Promise<Exclude<ChosenFolder, { kind: 'ask' }> | undefined> {
    const { saveTo } = settings.get();
    if (saveTo.kind !== 'ask') return saveTo;
    const [first] = paths;
    const path = await questions.folder(first === undefined ? undefined : dirname(first));
    return path === undefined ? undefined : { kind: 'folder', path };
  }

  async function addPaths(paths: readonly string[], wanted?: OutputOptions): Promise<void> {
    const workplace = workplaces.currentKey() ?? hereKey;
    const target = await targetOfDrop(paths);
    if (target === undefined) return;
    const { quality, whenTaken } = settings.get();
    const made: Omit<Entry, 'batchSize'>[] = [];
    const batchId = randomUUID();
    let order = database.nextOrder();
    let leftOut = 0;
    for await (const finding of findSources(paths, new AbortController().signal)) {
      if (
        finding.kind === 'failed' &&
        finding.failure.code === 'source_missing' &&
        !paths.includes(finding.failure.path)
      ) {
        leftOut += 1;
        continue;
      }
      const source =
        finding.kind === 'found'
          ? {
              path: finding.source.path,
              fileName: finding.source.fileName,
              bytes: finding.source.bytes,
              subfolder: finding.source.subfolder,
              ...(finding.source.identity === undefined ? {} : { identity: finding.source.identity }),
            }
          : { path: finding.failure.path, fileName: basename(finding.failure.path), bytes: 0, subfolder: '' };
      made.push({
        id: randomUUID(),
        order: order++,
        source,
        batchId,
        options: wanted ?? outputOptionsOf(quality),
        workplace,
        target,
        whenTaken,
        step:
          finding.kind === 'found'
            ? { kind: 'new' }
            : { kind: 'failed', code: finding.failure.code, message: finding.failure.message },
        isHeld: false,
        furthest: 0,
        isListed: true,
        warnings: [],
      });
    }
    if (made.length > 0) {
      if (![...entries.all()].some((entry) => !isAtRest(entry))) await clearFinished();
      entries.add(made.map((entry) => ({ ...entry, batchSize: made.length })));
    }
    // At once: this is what the person waits for.
    flush();
    news({ kind: 'added', count: made.length, leftOut });
    runner.wake();
  }

  async function clearFinished(): Promise<void> {
    entries.unlist([...entries.all()].filter(({ step }) => step.kind === 'saved').map(({ id }) => id));
  }

  function keepForUndo(kind: 'cancelled' | 'removed', gone: readonly Entry[]): void {
    const [first] = gone;
    if (first === undefined) return;
    const undoId = randomUUID();
    undoable.set(undoId, gone);
    news({ kind, undoId, count: gone.length, name: savedName(first) ?? first.source.fileName });
  }

  /** What of it is still at its backend may go. */
  async function forgetAtBackend(entry: Entry): Promise<void> {
    const conversionId = conversionIdOf(entry);
    if (conversionId === undefined || entry.step.kind === 'saved') return;
    await workplaces
      .of(entry.workplace)
      ?.backend.remove(conversionId)
      .catch((error: unknown) => {
        if (!isAppError(error)) throw error;
      });
  }

  type Again = Omit<Extract<EntryEvent, { type: 'again' }>, 'type' | 'batchId' | 'conversion' | 'begunId'>;

  /** From its beginning, or as its backend can go on with it. */
  async function startAgain(id: string, changes: Again = {}): Promise<void> {
    const entry = entries.get(id);
    if (entry === undefined || !isAtRest(entry)) return;
    endedSeen.delete(id);
    const again = { type: 'again', batchId: randomUUID(), ...changes } as const;
    entries.apply(id, { ...again, ...(await goOnAtBackend(entry, changes)) });
    runner.wake();
  }

  async function goOnAtBackend(entry: Entry, { workplace, source, options }: Again) {
    const conversionId = conversionIdOf(entry);
    const backend = workplaces.of(entry.workplace)?.backend;
    if (conversionId === undefined || backend === undefined || entry.step.kind === 'saved') return {};
    if (workplace !== undefined || source !== undefined) return {};
    try {
      const { state } = await backend.get(conversionId);
      if (state === 'uploading') return { begunId: conversionId };
      if (state === 'failed' || state === 'cancelled')
        return { conversion: await backend.retry(conversionId, options) };
      return { begunId: conversionId };
    } catch (error) {
      // It begins anew.
      if (isAppError(error)) return {};
      throw error;
    }
  }

  function listedOrSaved(id: string): Entry | undefined {
    return entries.get(id) ?? database.get(id);
  }

  for (const entry of entries.all()) dirty.add(entry.id);
  summary = meter.read([], false, 0);
  refresh();

  const list: ConversionList = {
    rows: () => [...rows.values()].toSorted((one, other) => one.order - other.order),
    summary: () => summary,
    follow(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },

    async add(paths) {
      const one = addPaths(paths).finally(() => adding.delete(one));
      adding.add(one);
      await one;
    },

    async cancel(id) {
      const entry = entries.get(id);
      if (entry === undefined || isAtRest(entry)) return;
      runner.stop(id);
      entries.apply(id, { type: 'cancelled' });
      keepForUndo('cancelled', [entry]);
      runner.cancelAtBackend(entry);
      runner.wake();
    },

    async remove(id) {
      const entry = entries.get(id);
      if (entry === undefined) return;
      if (!isAtRest(entry)) return await list.cancel(id);
      entries.unlist([id]);
      keepForUndo('removed', [entry]);
    },

    async undo(undoId = [...undoable.keys()].at(-1)) {
      const back = undoId === undefined ? undefined : undoable.get(undoId);
      if (undoId === undefined || back === undefined) return;
      undoable.delete(undoId);
      const gone = back.filter(({ id }) => entries.get(id) === undefined);
      if (gone.length > 0) entries.relist(gone);
      for (const { id, step } of back) {
        if (step.kind !== 'saved' && step.kind !== 'failed' && entries.get(id)?.step.kind === 'cancelled') {
          await startAgain(id);
        }
      }
    },

    forgetUndo(undoId) {
      const gone = undoable.get(undoId) ?? [];
      undoable.delete(undoId);
      const forGood = gone.filter(({ id, savedAt }) => entries.get(id) === undefined && savedAt === undefined);
      database.remove(forGood.map(({ id }) => id));
      for (const entry of forGood) {
        forgetAtBackend(entry).catch((error: unknown) => log.error({ err: error }, 'could not forget a conversion'));
      }
    },

    clearFinished,
    retry: (id) => startAgain(id),

    pauseAll() {
      settings.change({ paused: true });
      runner.takeBackWaiting().catch((error: unknown) => log.error({ err: error }, 'could not hold all'));
    },
    continueAll() {
      for (const entry of entries.all()) entries.apply(entry.id, { type: 'held', isHeld: false });
      settings.change({ paused: false });
      runner.hurry();
    },
    continueRow(id) {
      entries.apply(id, { type: 'held', isHeld: false });
      if (settings.get().paused) {
        // The others stay held, one by one.
        for (const entry of entries.all()) if (entry.id !== id) entries.apply(entry.id, { type: 'held', isHeld: true });
        settings.change({ paused: false });
      }
      runner.hurry();
    },

    chooseTrack: (id, track) => {
      const entry = entries.get(id);
      const options: OutputOptions | undefined = entry === undefined ? undefined : { ...entry.options, track };
      return startAgain(id, options === undefined ? {} : { options });
    },
    convertHere: (id) => startAgain(id, { workplace: hereKey }),
    async sourceFound(id, path) {
      const entry = entries.get(id);
      const facts = await stat(path).catch(() => undefined);
      if (entry === undefined || facts === undefined) return;
      const { identity: _other, ...source } = entry.source;
      await startAgain(id, { source: { ...source, path, fileName: basename(path), bytes: facts.size } });
    },
    async saveInto(id, folder) {
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

    history: (query) => historyPage(database, query, { home, hostOf: (key) => workplaces.hostOf(key) }),
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
      const isThere = (await stat(entry.source.path).catch(() => undefined))?.isFile() === true;
      if (isThere) await addPaths([entry.source.path], options);
      else news({ kind: 'source_missing', name: entry.source.fileName });
    },
    async clearHistory() {
      entries.unlist([...entries.all()].filter(({ step }) => step.kind === 'saved').map(({ id }) => id));
      database.clearSaved();
      tell({ type: 'history' });
      await workplaces
        .current()
        ?.backend.clear()
        .catch((error: unknown) => {
          if (!isAppError(error)) throw error;
        });
    },

    unfinished: () => [...entries.all()].filter((entry) => !isAtRest(entry)).length,

    async [Symbol.asyncDispose]() {
      clearTimeout(flushTimer);
      unfollowSettings();
      await Promise.allSettled(adding);
      await runner[Symbol.asyncDispose]();
      clearTimeout(flushTimer);
      database[Symbol.dispose]();
    },
  };
  return { list, ...(database.setAside === undefined ? {} : { setAside: database.setAside }) };
}

function batchEnd(batchId: string, entries: readonly Entry[]): BatchEnd {
  const saved: BatchEnd['saved'][number][] = [];
  const failed: BatchEnd['failed'][number][] = [];
  for (const { id, step, source, warnings } of entries) {
    if (step.kind === 'saved') {
      const { durationSeconds: seconds, bytes } = step.result;
      saved.push({ id, name: basename(step.file), seconds, bytes, file: step.file, warned: warnings.length > 0 });
    } else if (step.kind === 'failed') failed.push({ id, name: source.fileName, code: step.code });
  }
  return { batchId, saved, failed };
}
