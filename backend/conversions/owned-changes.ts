import { hasEnded } from '../../shared/api.ts';
import { eventKinds, type Hello, type ServerEvent } from '../../shared/events.ts';
import type { ConversionRow, ConversionStore } from '../ports/conversion-store.ts';
import type { EventBus, Subscription } from '../ports/event-bus.ts';
import type { NotificationStore } from '../ports/notification-store.ts';
import type { Retention } from './conversion-view.ts';
import { createConversionViews } from './conversion-views.ts';
import type { LiveProgress } from './live-progress.ts';
import type { ToldChanges } from './told-changes.ts';

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

  /**
   * Returns what changed after `position`, in the order of the changes and in portions, as far as `told` does not cover it. Undefined
   * if that cannot be determined.
   */
  after(owner: string, position: string, told: ToldChanges): Promise<LaterChanges | undefined>;
}

/** A portion of what changed after a position. */
export interface LaterChanges {
  readonly events: readonly ServerEvent[];
  /** The change position up to which these events, and those already told, are all that happened. */
  readonly at: string;
  /** Whether there is no more for now. */
  readonly complete: boolean;
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

  async function eventsOf(rows: readonly ConversionRow[]): Promise<readonly ServerEvent[]> {
    const removed = rows.flatMap(({ id, removedAt }) => (removedAt === undefined ? [] : [id]));
    const conversions = await views.all(rows.filter(({ removedAt }) => removedAt === undefined));
    return [
      ...(removed.length === 0 ? [] : [{ type: 'removed' as const, ids: removed }]),
      ...conversions.map((conversion) => ({ type: 'conversion' as const, conversion })),
    ];
  }

  return {
    async after(owner, position, told) {
      const [sinceConversions, sinceNotifications] = fromPosition(position);
      const [rows, notified] = await Promise.all([
        store.changesAfter({ owner, since: sinceConversions, limit: maxMissed }),
        notifications.changesAfter({ owner, since: sinceNotifications, limit: maxMissed }),
      ]);
      if (rows === undefined || notified === undefined) return undefined;
      const events = await eventsOf(rows.items.filter((row) => !told.coversRow(row)));
      const untold = notified.items.filter((notification) => !told.coversNotification(notification));
      return {
        events: [...events, ...untold.map((notification) => ({ type: 'notification' as const, notification }))],
        at: toPosition(rows.position, notified.position),
        complete: rows.complete && notified.complete,
      };
    },

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
