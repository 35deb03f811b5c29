import type { Row, Summary } from '../../ipc.ts';
import type { SettingsStore } from '../settings/settings-store.ts';
import type { Entries } from './entries.ts';
import { type Entry, isAtRest } from './entry.ts';
import { folderWords } from './folder-words.ts';
import type { MissingFiles } from './missing-files.ts';
import { rowOf } from './row-view.ts';
import type { EntryRunner } from './run-entries.ts';
import { createSummaryMeter } from './summary.ts';

export interface ListRowsParts {
  readonly entries: Pick<Entries, 'all' | 'get'>;
  readonly runner: Pick<EntryRunner, 'now'>;
  readonly missing: Pick<MissingFiles, 'has'>;
  readonly settings: Pick<SettingsStore, 'get'>;
  /** Absolute path of the person's home folder. */
  readonly home: string;
  readonly onRows: (changed: readonly Row[], removed: readonly string[]) => void;
  readonly onSummary: (summary: Summary) => void;
}

/** The rows of the entries, and their summary. */
export interface ListRows extends Disposable {
  all(): readonly Row[];
  summary(): Summary;
  /** Draws these rows again, soon and together with others. */
  change(ids: readonly string[]): void;
  /** Reports all changes now. */
  flush(): void;
  /** Marks a row that was just finished, so that its waveform is animated once. */
  freshen(id: string): void;
}

/** Changes are reported at most this often. */
const sendEveryMilliseconds = 100;
/** Rows with more than this many before them do not show a number. */
const mostBefore = 20;
const freshMilliseconds = 3000;

export function createListRows(parts: ListRowsParts): ListRows {
  const { entries, runner, missing, settings, home, onRows, onSummary } = parts;
  const rows = new Map<string, Row>();
  const dirty = new Set<string>();
  const fresh = new Set<string>();
  const meter = createSummaryMeter();
  let summary: Summary;
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;

  /** How many rows are before each of the first waiting ones. */
  function queuePositions(): ReadonlyMap<string, number> {
    const before = new Map<string, number>();
    const counts = new Map<string, number>();
    for (const entry of entries.all()) {
      if (!isInQueue(entry)) continue;
      const count = counts.get(entry.backendKey) ?? 0;
      if (count > mostBefore) continue;
      before.set(entry.id, count);
      counts.set(entry.backendKey, count + 1);
    }
    return before;
  }

  function draw(entry: Entry, before: number | undefined): Row {
    const now = {
      ...runner.now(entry),
      isPaused: settings.get().paused,
      isFresh: fresh.has(entry.id),
      isMissing: missing.has(entry.id),
      ...(before === undefined ? {} : { before: before }),
    };
    return rowOf(entry, now, (folder) => folderWords(folder, home));
  }

  function drawDirty(): { readonly changed: readonly Row[]; readonly removed: readonly string[] } {
    const before = queuePositions();
    for (const id of before.keys()) dirty.add(id);
    const changed: Row[] = [];
    const removed: string[] = [];
    for (const id of dirty) {
      const entry = entries.get(id);
      if (entry === undefined) {
        if (rows.delete(id)) removed.push(id);
        continue;
      }
      const old = rows.get(id);
      const row = draw(entry, before.get(id));
      if (old !== undefined && JSON.stringify(old) === JSON.stringify(row)) continue;
      rows.set(id, row);
      changed.push(row);
    }
    dirty.clear();
    summary = meter.read(rows.values(), settings.get().paused, performance.now() / 1000);
    return { changed: changed.toSorted(inOrder), removed };
  }

  function change(ids: readonly string[]): void {
    if (isClosed) return;
    for (const id of ids) dirty.add(id);
    timer ??= setTimeout(flush, sendEveryMilliseconds);
  }

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    const lastSummary = JSON.stringify(summary);
    const { changed, removed } = drawDirty();
    if (JSON.stringify(summary) !== lastSummary) onSummary(summary);
    if (changed.length > 0 || removed.length > 0) onRows(changed, removed);
  }

  for (const { id } of entries.all()) dirty.add(id);
  summary = meter.read([], false, 0);
  drawDirty();

  return {
    all: () => [...rows.values()].toSorted(inOrder),
    summary: () => summary,
    change,
    flush,
    freshen(id) {
      fresh.add(id);
      setTimeout(() => {
        fresh.delete(id);
        change([id]);
      }, freshMilliseconds).unref();
      change([id]);
    },
    [Symbol.dispose]() {
      isClosed = true;
      clearTimeout(timer);
    },
  };
}

function isInQueue(entry: Entry): boolean {
  return !(isAtRest(entry) || 'result' in entry.step);
}

function inOrder(one: Row, other: Row): number {
  return one.order - other.order;
}
