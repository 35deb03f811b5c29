import { type Conversion, hasEnded } from '../../shared/api.ts';
import type { Hello, ServerEvent } from '../../shared/events.ts';
import type { ConversionRow, ConversionStore } from '../ports/conversion-store.ts';
import type { EventBus } from '../ports/event-bus.ts';
import type { NotificationStore } from '../ports/notification-store.ts';
import { type Retention, toConversion } from './conversion-view.ts';
import type { LiveProgress } from './live-progress.ts';
import { queuePositions } from './queue-positions.ts';

/** API.md: whoever has missed more than this lists. */
const maxMissed = 500;

/** What a client that was away must be told to be right again. */
export type MissedChanges = Omit<Hello, 'type'>;

/**
 * What happens to an owner's conversions and notifications, as it happens and since a moment ago. This is the one place where an
 * event is checked against its owner.
 */
export interface OwnedChanges {
  /**
   * Calls `listener` with each event of this owner from now on; returns what ends it. Who begins to follow before asking what was
   * missed hears of some changes twice, and of every one at least once.
   */
  follow(owner: string, listener: (event: ServerEvent) => void): () => void;

  /**
   * Those that have not ended, and what changed since `position`, the `at` of an earlier answer; any text is taken for one. Where
   * `truncated`, only of those that have not ended, and perhaps not of all of them.
   */
  since(owner: string, position?: string): Promise<MissedChanges>;

  close(): void;
}

export interface OwnedChangesParts {
  readonly store: ConversionStore;
  readonly notifications: NotificationStore;
  readonly events: EventBus;
  readonly live: LiveProgress;
  readonly retention: Retention;
}

export function createOwnedChanges(parts: OwnedChangesParts): OwnedChanges {
  const { store, notifications, events, live, retention } = parts;
  const followers = new Map<string, Set<(event: ServerEvent) => void>>();
  // One look at each event, however many follow.
  const unsubscribe = events.subscribe(({ owner, event }) => {
    const thrown: unknown[] = [];
    for (const listener of followers.get(owner) ?? []) {
      try {
        listener(event);
      } catch (error) {
        thrown.push(error);
      }
    }
    // The others have heard it; now the bus hears of this.
    if (thrown.length > 0) throw thrown[0];
  });

  async function view(records: readonly ConversionRow[]): Promise<Conversion[]> {
    const positions = await queuePositions(records, (id) => store.countQueuedBefore(id));
    return records.map((record) => {
      const position = positions.get(record.id);
      const latest = live.of(record.id);
      return toConversion(record, retention, {
        ...(position === undefined ? {} : { position }),
        ...(latest === undefined ? {} : { latest }),
      });
    });
  }

  return {
    follow(owner, listener) {
      // Each its own: one listener may be there twice.
      const following = (event: ServerEvent): void => listener(event);
      const ofOwner = followers.get(owner) ?? new Set();
      followers.set(owner, ofOwner.add(following));
      return () => {
        ofOwner.delete(following);
        if (ofOwner.size === 0 && followers.get(owner) === ofOwner) followers.delete(owner);
      };
    },

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
        return { conversions: await view(there), removed, notifications: [...told.items], at, truncated: false };
      }
      const unfinished = rows.items.filter(({ state }) => !hasEnded(state));
      return { conversions: await view(unfinished), removed: [], notifications: [], at, truncated: true };
    },

    close() {
      unsubscribe();
      followers.clear();
    },
  };
}

/** The stores' own positions have no underscore. */
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
