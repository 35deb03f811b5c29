import type { Notification, Page } from '../../shared/api.ts';
import type { Clock } from '../ports/clock.ts';
import type { EventBus } from '../ports/event-bus.ts';
import type { NotificationQuery, NotificationStore } from '../ports/notification-store.ts';

/** The operations that owners use on their notifications. */
export interface OwnedNotifications {
  /** Newest first. */
  page(query: NotificationQuery): Promise<Page<Notification>>;
  /** Ignores those of `ids` that belong to another owner or were already read. */
  markRead(owner: string, ids: readonly string[]): Promise<void>;
  /** Removes all notifications of an account that is being removed. */
  removeAll(owner: string): Promise<void>;
}

export interface OwnedNotificationsParts {
  readonly notifications: NotificationStore;
  readonly events: EventBus;
  readonly clock: Clock;
}

export function createOwnedNotifications(parts: OwnedNotificationsParts): OwnedNotifications {
  const { notifications, events, clock } = parts;
  return {
    page: (query) => notifications.page(query),
    removeAll: (owner) => notifications.removeAllOf(owner),
    async markRead(owner, ids) {
      const read = await notifications.markRead(owner, ids, clock.now().toISOString());
      if (read.length > 0) events.publish({ owner, event: { type: 'read', ids: [...read] } });
    },
  };
}
