import type { Logger } from 'pino';
import type { Notification } from '../../../shared/api.ts';
import type { Backends } from '../backends/backends.ts';

export interface ServerNoticesParts {
  readonly backends: Pick<Backends, 'current' | 'currentKey' | 'followNotifications'>;
  readonly onChange: () => void;
  readonly log: Logger;
}

/** The notifications of the current backend. */
export interface ServerNotices extends Disposable {
  all(): readonly Notification[];
  /** Drops them all if another backend has become the current one. */
  dropOthers(): void;
  /** Marks them all as read, here and at the backend. */
  markRead(): Promise<void>;
}

export function followServerNotices({ backends, onChange, log }: ServerNoticesParts): ServerNotices {
  let notifications: readonly Notification[] = [];
  let owner = backends.currentKey();

  function setRead(isMeant: (notification: Notification) => boolean): void {
    const readAt = new Date().toISOString();
    notifications = notifications.map((one) => (one.readAt === undefined && isMeant(one) ? { ...one, readAt } : one));
    onChange();
  }

  const unfollow = backends.followNotifications((event) => {
    owner = backends.currentKey();
    switch (event.type) {
      case 'all':
        ({ notifications } = event);
        break;
      case 'new':
        notifications = [event.notification, ...notifications.filter(({ id }) => id !== event.notification.id)];
        break;
      case 'read':
        return setRead(({ id }) => event.ids.includes(id));
    }
    onChange();
  });

  return {
    all: () => notifications,
    dropOthers() {
      if (backends.currentKey() === owner) return;
      owner = backends.currentKey();
      notifications = [];
      onChange();
    },
    async markRead() {
      const unread = notifications.filter(({ readAt }) => readAt === undefined).map(({ id }) => id);
      setRead(() => true);
      if (unread.length === 0) return;
      // If the backend cannot be reached now, the person's other devices still show them as unread.
      await backends
        .current()
        ?.backend.markRead(unread)
        .catch((error: unknown) => log.warn({ err: error }, 'could not mark notifications as read'));
    },
    [Symbol.dispose]: () => void unfollow(),
  };
}
