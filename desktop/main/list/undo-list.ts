import { randomUUID } from 'node:crypto';
import { isAppError } from '../../../shared/errors.ts';
import type { ListNews } from './conversion-list.ts';
import type { Entries } from './entries.ts';
import { callsFor, type EntriesDatabase, savedName } from './entries-database.ts';
import type { Entry } from './entry.ts';

export interface UndoListParts {
  readonly entries: Entries;
  readonly database: Pick<EntriesDatabase, 'remove'>;
  readonly startAgain: (id: string) => void;
  readonly onNews: (news: ListNews) => void;
  /** Called when calls were put into the outbox. */
  readonly onCalls: () => void;
}

/** What was cancelled or removed, and can be undone for a while. */
export interface UndoList {
  keep(kind: 'cancelled' | 'removed', entry: Entry): void;
  /** Undoes the given change, or the latest one. */
  undo(undoId?: string): void;
  /** Permanently removes what was kept for an undo. */
  forget(undoId: string): void;
}

export function createUndoList({ entries, database, startAgain, onNews, onCalls }: UndoListParts): UndoList {
  const kept = new Map<string, { readonly kind: 'cancelled' | 'removed'; readonly entry: Entry }>();
  return {
    keep(kind, entry) {
      const undoId = randomUUID();
      kept.set(undoId, { kind, entry });
      onNews({ kind, undoId, count: 1, name: savedName(entry) ?? entry.source.fileName });
    },
    undo(undoId = [...kept.keys()].at(-1) ?? '') {
      const back = kept.get(undoId);
      if (back === undefined) return;
      kept.delete(undoId);
      const { id } = back.entry;
      const now = entries.get(id);
      if (back.kind === 'cancelled' && now?.step.kind === 'cancelled') startAgain(id);
      if (back.kind === 'removed' && now === undefined) entries.relist([back.entry]);
    },
    forget(undoId) {
      const gone = kept.get(undoId);
      kept.delete(undoId);
      if (gone?.kind !== 'removed') return;
      const { id, savedAt } = gone.entry;
      if (savedAt !== undefined || entries.get(id) !== undefined) return;
      try {
        database.remove([id], callsFor(gone.entry));
        onCalls();
      } catch (error) {
        // The next start removes it.
        if (!isAppError(error, 'disk_full')) throw error;
      }
    },
  };
}
