import type { OwnedEvent } from '../messages.ts';

/**
 * Tells every process what happens, at once or never: transient, unordered between publishers, lost on a crash. Nothing may
 * depend on an event's arrival; the rows tell the truth.
 */
export interface EventBus {
  /** Never throws and never waits: an event that cannot be told is dropped. */
  publish(event: OwnedEvent): void;

  /** Calls `listener` for each event; what a listener throws harms neither the publisher nor the other listeners. Returns what ends it. */
  subscribe(listener: (event: OwnedEvent) => void): () => void;

  close(): Promise<void>;
}
