import type { ProgressEvent } from '../../shared/events.ts';
import type { EventBus } from '../ports/event-bus.ts';

/** More conversions than any server converts at once; keeps lost events from filling the memory. */
const maxRemembered = 10_000;

/** The latest progress that was told of each running conversion, so that who asks sees what who listens sees. */
export interface LiveProgress {
  of(id: string): ProgressEvent | undefined;
  close(): void;
}

export function watchProgress(events: EventBus): LiveProgress {
  const latest = new Map<string, ProgressEvent>();
  const unsubscribe = events.subscribe(({ event }) => {
    if (event.type === 'conversion') latest.delete(event.conversion.id);
    if (event.type !== 'progress') return;
    latest.set(event.id, event);
    const oldest = latest.size > maxRemembered ? latest.keys().next().value : undefined;
    if (oldest !== undefined) latest.delete(oldest);
  });
  return { of: (id) => latest.get(id), close: unsubscribe };
}
