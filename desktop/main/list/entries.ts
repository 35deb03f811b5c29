import { isAppError } from '../../../shared/errors.ts';
import type { EntriesDatabase, PendingCall } from './entries-database.ts';
import { conversionIdOf, type Entry } from './entry.ts';
import { type EntryEvent, reduceEntry } from './reduce-entry.ts';

/** The entries of the list, in memory. Each change is written to the database before anybody hears of it. */
export interface Entries {
  /** The listed entries, in order. */
  all(): Iterable<Entry>;
  /** Ids of the listed entries that match, in order. */
  ids(matches: (entry: Entry) => boolean): readonly string[];
  /** Undefined if it is not listed. */
  get(id: string): Entry | undefined;
  /** The listed entry of this conversion. */
  byConversion(conversionId: string): Entry | undefined;
  /** Undefined if it is not listed. If it changes anything, `calls` are put into the outbox together with it. */
  apply(id: string, event: EntryEvent, calls?: readonly PendingCall[]): Entry | undefined;
  /** Changes all of them in one write. */
  applyToAll(ids: readonly string[], event: EntryEvent): void;
  add(entries: readonly Entry[]): void;
  /** Takes entries off the list. */
  unlist(ids: readonly string[]): void;
  /** Puts entries back that were taken off. */
  relist(entries: readonly Entry[]): void;
}

/** Progress is written only after it has grown by this much. A crash may lose as much. */
const writtenEvery = 0.05;

/** @param onChange called with the ids of entries that have changed or are no longer listed */
export function openEntries(database: EntriesDatabase, onChange: (ids: readonly string[]) => void): Entries {
  let entries = new Map(database.listed().map((entry) => [entry.id, asFirstHeard(entry)]));
  const byConversion = new Map<string, string>();
  const written = new Map<string, number>();
  for (const entry of entries.values()) index(entry);

  function index(entry: Entry): void {
    const conversionId = conversionIdOf(entry);
    if (conversionId !== undefined) byConversion.set(conversionId, entry.id);
  }

  function take(entry: Entry): void {
    entries.set(entry.id, entry);
    index(entry);
  }

  /** Progress for which there is no space is lost at the next start, and nothing else is. */
  function writeProgress(entry: Entry): void {
    try {
      database.write([entry]);
    } catch (error) {
      if (!isAppError(error, 'disk_full')) throw error;
    }
  }

  return {
    all: () => entries.values(),
    ids: (matches) => [...entries.values()].filter(matches).map(({ id }) => id),
    get: (id) => entries.get(id),
    byConversion(conversionId) {
      const entry = entries.get(byConversion.get(conversionId) ?? '');
      return entry !== undefined && conversionIdOf(entry) === conversionId ? entry : undefined;
    },
    apply(id, event, calls = []) {
      const before = entries.get(id);
      if (before === undefined) return undefined;
      const after = reduceEntry(before, event);
      if (after === before) return before;
      const isProgress = event.type === 'moved';
      if (!isProgress || after.furthest - (written.get(id) ?? 0) >= writtenEvery) {
        if (isProgress) writeProgress(after);
        else database.write([after], calls);
        written.set(id, after.furthest);
      }
      take(after);
      onChange([id]);
      return after;
    },
    applyToAll(ids, event) {
      const changed = ids.flatMap((id) => {
        const before = entries.get(id);
        const after = before === undefined ? undefined : reduceEntry(before, event);
        return after === undefined || after === before ? [] : [after];
      });
      if (changed.length === 0) return;
      database.write(changed);
      for (const entry of changed) take(entry);
      onChange(changed.map(({ id }) => id));
    },
    add(added) {
      database.write(added);
      for (const entry of added) take(entry);
      onChange(added.map(({ id }) => id));
    },
    unlist(ids) {
      const gone = ids.flatMap((id) => entries.get(id) ?? []);
      database.write(gone.map((entry) => ({ ...entry, isListed: false })));
      for (const { id } of gone) {
        entries.delete(id);
        written.delete(id);
      }
      onChange(gone.map(({ id }) => id));
    },
    relist(back) {
      const listed = back.map((entry) => ({ ...entry, isListed: true }));
      database.write(listed);
      const both = [...entries.values(), ...listed].toSorted((one, other) => one.order - other.order);
      entries = new Map(both.map((entry) => [entry.id, entry]));
      for (const entry of listed) index(entry);
      onChange(listed.map(({ id }) => id));
    },
  };
}

/** Nothing that was told before this start can come late, and a backend may have lost its last writes with the power. */
function asFirstHeard({ revision: _revision, ...entry }: Entry): Entry {
  return entry;
}
