import type { ServerEvent } from './events.ts';

/** Far more than ever run at once. A client that runs for months must not remember every conversion. */
const maxRemembered = 10_000;

/** Whether news of a conversion is older than its `known` revision. */
export function isOlder(revision: number, known: number | undefined): boolean {
  return known !== undefined && revision < known;
}

/** Remembers the newest revision of each conversion, so that a client can drop late events. */
export interface Newest {
  /** Records the event. False if it is older than an earlier one and must be dropped. */
  hear(event: ServerEvent): boolean;
}

export function createNewest(): Newest {
  const revisions = new Map<string, number>();

  function hearOf(id: string, revision: number): boolean {
    if (isOlder(revision, revisions.get(id))) return false;
    // Moved to the end, so that the first entry is the one without news for the longest time.
    revisions.delete(id);
    revisions.set(id, revision);
    const [oldest] = revisions.keys();
    if (revisions.size > maxRemembered && oldest !== undefined) revisions.delete(oldest);
    return true;
  }

  return {
    hear(event) {
      if (event.type === 'conversion') return hearOf(event.conversion.id, event.conversion.revision);
      if (event.type === 'progress') return hearOf(event.id, event.revision);
      // The id of a removed conversion is never used again.
      if (event.type === 'removed') for (const id of event.ids) hearOf(id, Number.POSITIVE_INFINITY);
      return true;
    },
  };
}
