import { randomUUID } from 'node:crypto';
import type { BatchEnds } from './batch-ends.ts';
import type { CallOutbox } from './call-outbox.ts';
import type { Entries } from './entries.ts';
import { conversionIdOf, type Entry, isAtRest } from './entry.ts';
import type { EntryEvent } from './reduce-entry.ts';
import type { EntryRunner } from './run-entries.ts';

type AgainEvent = Extract<EntryEvent, { type: 'again' }>;

/** What is different from the time before. */
type AgainChanges = Omit<AgainEvent, 'type' | 'batchId' | 'begunId'>;

/** Starts an entry again that has ended. Does nothing for others. */
export type StartAgain = (id: string, changes?: AgainChanges) => void;

export interface StartAgainParts {
  readonly entries: Pick<Entries, 'get' | 'apply'>;
  readonly outbox: Pick<CallOutbox, 'drop'>;
  readonly runner: Pick<EntryRunner, 'stop' | 'wake'>;
  readonly ends: Pick<BatchEnds, 'startAgain'>;
}

export function createStartAgain({ entries, outbox, runner, ends }: StartAgainParts): StartAgain {
  return (id, changes = {}) => {
    const entry = entries.get(id);
    if (entry === undefined || !isAtRest(entry)) return;
    const event = againEvent(entry, changes);
    if (event.begunId !== undefined) outbox.drop(event.begunId);
    runner.stop(id);
    ends.startAgain(id);
    entries.apply(id, event);
    runner.wake();
  };
}

/** Starts from the beginning, or from the conversion that the backend still has. */
function againEvent(entry: Entry, changes: AgainChanges): AgainEvent {
  const again = { type: 'again', batchId: randomUUID(), ...changes } as const;
  const conversionId = conversionIdOf(entry);
  const isElsewhere = changes.backendKey !== undefined || changes.source !== undefined;
  // A failed conversion can be retried with other options. A cancelled one may still be queued with the old ones.
  const isOther = changes.options !== undefined && entry.step.kind !== 'failed';
  if (conversionId === undefined || entry.step.kind === 'saved' || isElsewhere || isOther) return again;
  return { ...again, begunId: conversionId };
}
