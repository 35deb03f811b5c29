import type { Notification } from '../../shared/api.ts';
import type { ServerEvent } from '../../shared/events.ts';
import type { ConversionRow } from '../ports/conversion-store.ts';

/** What a client was told in events, so that it is not told the same again. */
export interface ToldChanges {
  note(event: ServerEvent): void;
  coversRow(row: Pick<ConversionRow, 'id' | 'revision' | 'removedAt'>): boolean;
  coversNotification(notification: Notification): boolean;
}

export function createToldChanges(): ToldChanges {
  const revisions = new Map<string, number>();
  const removed = new Set<string>();
  const notifications = new Map<string, Notification>();
  const read = new Set<string>();

  return {
    note(event) {
      switch (event.type) {
        case 'conversion': {
          const { id, revision } = event.conversion;
          revisions.set(id, Math.max(revision, revisions.get(id) ?? 0));
          return;
        }
        case 'removed':
          for (const id of event.ids) removed.add(id);
          return;
        case 'notification':
          notifications.set(event.notification.id, event.notification);
          return;
        case 'read':
          for (const id of event.ids) read.add(id);
          return;
        case 'progress':
          return;
      }
    },

    coversRow({ id, revision, removedAt }) {
      return removedAt === undefined ? revision <= (revisions.get(id) ?? 0) : removed.has(id);
    },

    coversNotification({ id, readAt, mail }) {
      const told = notifications.get(id);
      return told !== undefined && told.mail === mail && (readAt === told.readAt || read.has(id));
    },
  };
}
