import { describe, expect, it } from 'vitest';
import type { AppChange, AppState, Row } from '../../ipc.ts';
import { emptySummary, firstState } from '../../tests/app-state.ts';
import { applyChanges, snapshotOf } from './app-snapshot.ts';

function rowOf(order: number, sourceName = `${order}.mp4`): Row {
  return { id: `r${order}`, order, sourceName, sourceBytes: 1, weight: 1, state: { kind: 'reading' } };
}

const state: AppState = {
  ...firstState,
  backend: { kind: 'here', state: 'ready', advisedAtOnce: 2 },
  summary: { ...emptySummary, mode: 'working', total: 3, unfinished: 3 },
  rows: [rowOf(10), rowOf(20), rowOf(30)],
};

const rows = (changed: readonly Row[], removed: readonly string[] = []): AppChange => ({
  type: 'rows',
  changed,
  removed,
});

describe('the state as it is drawn', () => {
  it('inserts new rows by the given order', () => {
    const { order } = applyChanges(snapshotOf(state), [rows([rowOf(40), rowOf(15)])]);
    expect(order).toEqual(['r10', 'r15', 'r20', 'r30', 'r40']);
  });

  it('changes one row and keeps all other rows and the order as the same objects', () => {
    const before = snapshotOf(state);
    const after = applyChanges(before, [rows([rowOf(20, 'other.mp4')])]);
    expect(after.rows.get('r20')?.sourceName).toBe('other.mp4');
    expect(after.rows.get('r10')).toBe(before.rows.get('r10'));
    expect(after.order).toBe(before.order);
    expect(before.rows.get('r20')?.sourceName).toBe('20.mp4');
  });

  it('removes rows, and ignores unknown ids', () => {
    const before = snapshotOf(state);
    const after = applyChanges(before, [rows([], ['r20', 'unknown'])]);
    expect(after.order).toEqual(['r10', 'r30']);
    expect(after.rows.has('r20')).toBe(false);
    expect(applyChanges(before, [rows([], ['unknown'])])).toBe(before);
  });

  it('applies several changes in order', () => {
    const { order } = applyChanges(snapshotOf(state), [rows([], ['r10']), rows([rowOf(10)]), rows([], ['r30'])]);
    expect(order).toEqual(['r10', 'r20']);
  });

  it('counts the changes of the history', () => {
    const before = snapshotOf(state);
    expect(applyChanges(before, [{ type: 'history' }]).historyVersion).toBe(before.historyVersion + 1);
  });

  it('is the same object if nothing that is drawn has changed', () => {
    const before = snapshotOf(state);
    const changes: AppChange[] = [
      { type: 'announce', text: 'Connected' },
      { type: 'show', view: { kind: 'history' } },
    ];
    expect(applyChanges(before, changes)).toBe(before);
  });

  it('replaces every other part', () => {
    const backend = { kind: 'none' } as const;
    const summary = { ...state.summary, done: 3 };
    const toasts = [{ id: 't', text: 'Removed from the list.' }];
    const settings = { ...state.settings, notify: false };
    const notices = [{ id: 'n', unread: true, at: 0, title: 'x', names: [], lines: [] }];
    const after = applyChanges(snapshotOf(state), [
      { type: 'backend', backend },
      { type: 'summary', summary },
      { type: 'toasts', toasts },
      { type: 'settings', settings },
      { type: 'notices', notices },
    ]);
    expect(after).toMatchObject({ backend, summary, toasts, settings, notices });
  });
});
