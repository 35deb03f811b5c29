import { randomUUID } from 'node:crypto';
import { conversionIdOf, type Entry } from './entry.ts';
import type { EntryEvent } from './reduce-entry.ts';

export type AgainEvent = Extract<EntryEvent, { type: 'again' }>;

/** What is to be otherwise than the time before. */
export type AgainChanges = Omit<AgainEvent, 'type' | 'batchId' | 'begunId'>;

/** Lets an entry start again: from its beginning, or with the conversion that its backend has of it. */
export function againEvent(entry: Entry, changes: AgainChanges): AgainEvent {
  const again = { type: 'again', batchId: randomUUID(), ...changes } as const;
  const conversionId = conversionIdOf(entry);
  const isElsewhere = changes.backendKey !== undefined || changes.source !== undefined;
  // With other options, one that has failed is tried again; one that was cancelled may still have the old ones before it.
  const isOther = changes.options !== undefined && entry.step.kind !== 'failed';
  if (conversionId === undefined || entry.step.kind === 'saved' || isElsewhere || isOther) return again;
  return { ...again, begunId: conversionId };
}
