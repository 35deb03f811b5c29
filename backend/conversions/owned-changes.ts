import { hasEnded } from '../../shared/api.ts';
import { eventKinds, type Hello, type ServerEvent } from '../../shared/events.ts';
import type { ConversionStore } from '../ports/conversion-store.ts';
import type { EventBus, Subscription } from '../ports/event-bus.ts';
import type { NotificationStore } from '../ports/notification-store.ts';
import type { Retention } from './conversion-view.ts';
import { createConversionViews } from './conversion-views.ts';
import type { LiveProgress } from './live-progress.ts';

/** A client that has missed more changes than this must list. */
const maxMissed = 500;

/** What a client that was disconnected needs to be up to date. */
export type MissedChanges = Omit<Hello, 'type'>;

/** The changes of an owner's conversions and notifications: as they happen, and since an earlier change position. */
export interface OwnedChanges {
  /**
   * Calls `listener` with each event of this owner from now on, and `onGap` when events may have been missed. To miss nothing,
   * call `follow`, wait for `ready`, then call `since`. Some changes are then delivered twice.
   */
  follow(owner: string, listener: (event: ServerEvent) => void, onGap?: () => void): Subscription;

  /**
   * Returns the conversions that have not ended, and what changed since `position`, the `at` of an earlier answer. Any text is
   * accepted. If `truncated` is true, the answer has only conversions that have not ended, and perhaps not all of them.
   */
  since(owner: string, position?: string): Promise<MissedChanges>;
}

export interface OwnedChangesParts {
  readonly store: ConversionStore;
  readonly notifications: NotificationStore;
  readonly events: EventBus;
  readonly live: LiveProgress;
  readonly retention: Retention;
}

export function createOwnedChanges(parts: OwnedChangesParts): OwnedChanges {
  const { store, notifications, events } = parts;
  const views = createConversionViews(parts);

  return {
    follow: (owner, listener, onGap) =>
      events.subscribe({ owner, kinds: eventKinds }, ({ event }) => listener(event), onGap),

    async since(owner, position) {
      const [sinceConversions, sinceNotifications] = position === undefined ? [] : fromPosition(position);
      const [rows, told] = await Promise.all([
        store.changes({ owner, limit: maxMissed, ...sinceOf(sinceConversions) }),
        notifications.changes({ owner, limit: maxMissed, ...sinceOf(sinceNotifications) }),
      ]);
      const at = toPosition(rows.position, told.position);
      const count = rows.items.length + told.items.length;
      if (rows.complete && told.complete && count <= maxMissed) {
        const there = rows.items.filter(({ removedAt }) => removedAt === undefined);
        const removed = rows.items.flatMap(({ id, removedAt }) => (removedAt === undefined ? [] : [id]));
        return { conversions: await views.all(there), removed, notifications: [...told.items], at, truncated: false };
      }
      const unfinished = rows.items.filter(({ state }) => !hasEnded(state));
      return { conversions: await views.all(unfinished), removed: [], notifications: [], at, truncated: true };
    },
  };
}

/** The stores' own change positions contain no underscore. */
function toPosition(ofConversions: string, ofNotifications: string): string {
  return `${ofConversions}_${ofNotifications}`;
}

function fromPosition(position: string): readonly [string, string] {
  const [ofConversions = '', ofNotifications = ''] = position.split('_');
  return [ofConversions, ofNotifications];
}

function sinceOf(since: string | undefined): { readonly since?: string } {
  return since === undefined ? {} : { since };
}
