import type { ServerEvent } from '../../shared/events.ts';

/** Far more than are ever under way; a client that runs for months must not remember every conversion. */
const maxRemembered = 10_000;

/** Whether something told of a conversion is older than what is `known` of it, by their revisions. */
export function isOlder(revision: number, known: number | undefined): boolean {
  return known !== undefined && revision < known;
}

/** Knows the newest revision of each conversion, so that a client can drop what comes late. */
export interface Newest {
  /** False for an event that is older than one that was heard before: it is to be dropped. */
  hear(event: ServerEvent): boolean;
}

export function createNewest(): Newest {
  const revisions = new Map<string, number>();

  function hearOf(id: string, revision: number): boolean {
    if (isOlder(revision, revisions.get(id))) return false;
    // Put last, so that the first one is the one of which nothing was heard for longest.
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
      // Nothing comes back under an id that was removed.
      if (event.type === 'removed') for (const id of event.ids) hearOf(id, Number.POSITIVE_INFINITY);
      return true;
    },
  };
}
