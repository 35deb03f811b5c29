import { assertNever } from '../../../shared/errors.ts';
import type { AppChange, AppState, Row } from '../../ipc.ts';

/** The state as it is drawn. Unchanged parts are the same objects as before. */
export interface AppSnapshot extends Omit<AppState, 'rows'> {
  readonly rows: ReadonlyMap<string, Row>;
  /** The ids of `rows`, in the order in which they are drawn. */
  readonly order: readonly string[];
  /** A new number whenever the history has changed. */
  readonly historyVersion: number;
}

export function snapshotOf({ rows, ...state }: AppState): AppSnapshot {
  const byId = new Map(rows.map((row) => [row.id, row]));
  return { ...state, rows: byId, order: inOrder(byId), historyVersion: 0 };
}

/** The snapshot after `changes`, or the same object if none of them affects it. */
export function applyChanges(snapshot: AppSnapshot, changes: readonly AppChange[]): AppSnapshot {
  return changes.reduce(applyChange, snapshot);
}

function applyChange(snapshot: AppSnapshot, change: AppChange): AppSnapshot {
  switch (change.type) {
    case 'rows':
      return applyRows(snapshot, change.changed, change.removed);
    case 'summary':
      return { ...snapshot, summary: change.summary };
    case 'backend':
      return { ...snapshot, backend: change.backend };
    case 'settings':
      return { ...snapshot, settings: change.settings };
    case 'notices':
      return { ...snapshot, notices: change.notices };
    case 'toasts':
      return { ...snapshot, toasts: change.toasts };
    case 'history':
      return { ...snapshot, historyVersion: snapshot.historyVersion + 1 };
    case 'announce':
    case 'show':
      return snapshot;
    default:
      return assertNever(change);
  }
}

function applyRows(snapshot: AppSnapshot, changed: readonly Row[], removed: readonly string[]): AppSnapshot {
  const gone = removed.filter((id) => snapshot.rows.has(id));
  if (changed.length === 0 && gone.length === 0) return snapshot;
  const rows = new Map(snapshot.rows);
  for (const row of changed) rows.set(row.id, row);
  for (const id of gone) rows.delete(id);
  const moved = changed.some((row) => snapshot.rows.get(row.id)?.order !== row.order);
  return { ...snapshot, rows, order: moved || gone.length > 0 ? inOrder(rows) : snapshot.order };
}

function inOrder(rows: ReadonlyMap<string, Row>): readonly string[] {
  return [...rows.values()].toSorted((one, other) => one.order - other.order).map((row) => row.id);
}
