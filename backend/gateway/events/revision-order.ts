import type { ServerEvent } from '../../../shared/events.ts';

/** More than change at once for most people. A client drops what is older than what it has, so nothing depends on the rest. */
const maxRemembered = 200;

/** The revisions that a client was told of the conversions that changed last. */
export interface RevisionOrder {
  /** Notes the event. False if the client was told of a later state of that conversion, because the event was long on its way. */
  takes(event: ServerEvent): boolean;
}

export function createRevisionOrder(): RevisionOrder {
  const latest = new Map<string, number>();

  function note(id: string, revision: number): boolean {
    if (revision < (latest.get(id) ?? 0)) return false;
    // The map is in the order of the changes, so the one that changed longest ago is forgotten.
    latest.delete(id);
    latest.set(id, revision);
    const [oldest] = latest.keys();
    if (latest.size > maxRemembered && oldest !== undefined) latest.delete(oldest);
    return true;
  }

  return {
    takes(event) {
      switch (event.type) {
        case 'conversion':
          return note(event.conversion.id, event.conversion.revision);
        case 'progress':
          return event.revision >= (latest.get(event.id) ?? 0);
        case 'removed':
          for (const id of event.ids) note(id, Number.POSITIVE_INFINITY);
          return true;
        case 'notification':
        case 'read':
          return true;
      }
    },
  };
}
