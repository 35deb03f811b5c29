import type { OwnedEvent } from '../../messages.ts';
import type { EventBus } from '../../ports/event-bus.ts';

/** A bus within this process. `onError` hears what listeners throw; where it is left out, the process warns of it. */
export function createMemoryEventBus(onError: (error: unknown) => void = warn): EventBus {
  // Keyed by the subscription: one listener may be there twice.
  const listeners = new Map<symbol, (event: OwnedEvent) => void>();

  function tell(event: OwnedEvent): void {
    // A Map shows what is deleted or added on the way: who has left meanwhile hears nothing any more.
    for (const listener of listeners.values()) {
      try {
        listener(event);
      } catch (error) {
        onError(error);
      }
    }
  }

  return {
    publish(event) {
      // Not on the publisher's own stack: a slow listener, or one that publishes itself, is not its business.
      queueMicrotask(() => tell(event));
    },

    subscribe(listener) {
      const key = Symbol('subscription');
      listeners.set(key, listener);
      return () => {
        listeners.delete(key);
      };
    },

    async close() {
      listeners.clear();
    },
  };
}

function warn(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : String(error));
}
