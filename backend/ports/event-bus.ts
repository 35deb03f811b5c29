import type { ServerEvent } from '../../shared/events.ts';
import type { InternalMessage, OwnedEvent, OwnedInternalMessage } from '../messages.ts';

/** Stands for every owner. A symbol, so that no account can have this id. */
export const everyone = Symbol('everyone');

/** What a subscription hears: messages of these kinds, of one owner or of all. */
export interface Topic<Kind extends string> {
  readonly owner: string | typeof everyone;
  readonly kinds: readonly Kind[];
}

export interface Subscription {
  /** Resolves once the subscription hears messages, or is known to have no connection for now: then `onGap` follows. Never rejects. */
  readonly ready: Promise<void>;
  /** Nothing is heard after it. May be called again. */
  end(): void;
}

/**
 * Tells every process what happens, at once or never: messages of one publisher come in order, those of several in any order, and
 * some are lost in a crash. Nothing may depend on a message's arrival; the rows tell the truth.
 *
 * Events are for clients and internal messages for services. They have methods of their own, so that no internal message can reach
 * a client.
 *
 * A subscription calls `onGap` when it may have missed messages and hears them again. What a listener throws harms neither the
 * publisher nor the other listeners.
 */
export interface EventBus {
  /** Never throws and never waits: an event that cannot be told is dropped. */
  publish(event: OwnedEvent): void;
  subscribe(topic: Topic<ServerEvent['type']>, onEvent: (event: OwnedEvent) => void, onGap?: () => void): Subscription;

  /** Like `publish`, to other services. */
  publishInternal(message: OwnedInternalMessage): void;
  subscribeInternal(
    topic: Topic<InternalMessage['type']>,
    onMessage: (message: OwnedInternalMessage) => void,
    onGap?: () => void,
  ): Subscription;

  close(): Promise<void>;
}
