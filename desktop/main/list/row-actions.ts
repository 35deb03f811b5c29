import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { hereKey } from '../backends/backends.ts';
import type { CallOutbox } from './call-outbox.ts';
import type { ConversionList } from './conversion-list.ts';
import type { Entries } from './entries.ts';
import { type Entry, isAtRest } from './entry.ts';
import type { EntryRunner } from './run-entries.ts';
import type { StartAgain } from './start-again.ts';
import type { UndoList } from './undo-list.ts';

export interface RowActionsParts {
  readonly entries: Entries;
  readonly runner: EntryRunner;
  readonly outbox: CallOutbox;
  readonly undos: UndoList;
  readonly startAgain: StartAgain;
}

/** What a person does with one row. */
export type RowActions = Pick<
  ConversionList,
  'cancel' | 'remove' | 'retry' | 'chooseTrack' | 'convertHere' | 'sourceFound' | 'saveInto'
>;

export function createRowActions({ entries, runner, outbox, undos, startAgain }: RowActionsParts): RowActions {
  function cancel(entry: Entry): void {
    const { id, step, backendKey } = entry;
    if (isAtRest(entry)) return;
    runner.stop(id);
    // An upload that has begun is left as it is: it can be resumed, and expires otherwise.
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

  return {
    async cancel(id) {
      const entry = entries.get(id);
      if (entry !== undefined) cancel(entry);
    },
    async remove(id) {
      const entry = entries.get(id);
      if (entry === undefined) return;
      if (!isAtRest(entry)) return cancel(entry);
      entries.unlist([id]);
      undos.keep('removed', entry);
    },
    async retry(id) {
      startAgain(id);
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
  };
}
