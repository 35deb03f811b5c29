import type { ProgressEvent } from '../../shared/events.ts';
import type { EventBus, Subscription } from '../ports/event-bus.ts';

/** How long this process listens to an owner's progress after the last request for it. */
const listenSeconds = 60;
/**
 * The largest number of owners to listen to, since each costs a subscription. The rows give the progress of the others, a little
 * late.
 */
const maxOwners = 1000;

/** The latest progress of running conversions, so that a client that polls sees about the same as one that listens. */
export interface LiveProgress {
  /** Undefined if none was received. The first call starts to listen to that owner's progress for a while. */
  of(owner: string, id: string): ProgressEvent | undefined;
  close(): void;
}

interface Listened {
  readonly latest: Map<string, ProgressEvent>;
  readonly subscription: Subscription;
  readonly timer: NodeJS.Timeout;
}

export function createLiveProgress(events: EventBus): LiveProgress {
  const owners = new Map<string, Listened>();

  function stop(owner: string): void {
    const listened = owners.get(owner);
    clearTimeout(listened?.timer);
    listened?.subscription.end();
    owners.delete(owner);
  }

  function listen(owner: string): Listened {
    const latest = new Map<string, ProgressEvent>();
    const subscription = events.subscribe({ owner, kinds: ['progress', 'conversion', 'removed'] }, ({ event }) => {
      if (event.type === 'progress') latest.set(event.id, event);
      else if (event.type === 'conversion') latest.delete(event.conversion.id);
      else if (event.type === 'removed') for (const id of event.ids) latest.delete(id);
    });
    const timer = setTimeout(() => stop(owner), listenSeconds * 1000).unref();
    const listened = { latest, subscription, timer };
    owners.set(owner, listened);
    return listened;
  }

  return {
    of(owner, id) {
      const known = owners.get(owner);
      if (known === undefined && owners.size >= maxOwners) return undefined;
      const { latest, timer } = known ?? listen(owner);
      timer.refresh();
      return latest.get(id);
    },
    close() {
      for (const owner of [...owners.keys()]) stop(owner);
    },
  };
}
