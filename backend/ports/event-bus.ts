import type { ServerEvent } from '../../shared/events.ts';
import type { InternalMessage, OwnedEvent, OwnedInternalMessage } from '../messages.ts';

/** Stands for every owner. A symbol, so that no account can have this id. */
export const everyone = Symbol('everyone');

/** Selects messages of these kinds, of one owner or of all. */
export interface Topic<Kind extends string> {
  readonly owner: string | typeof everyone;
  readonly kinds: readonly Kind[];
}

export interface Subscription {
  /**
   * Resolves once the subscription receives messages, or has no connection for now: then `onGap` is called later. Never rejects.
   */
  readonly ready: Promise<void>;
  /** Ends the subscription: it receives nothing more. May be called again. */
  end(): void;
}

/**
 * Sends messages to all processes, at most once and without delay. Messages of one publisher arrive in order, those of several in
 * any order, and some are lost in a crash. Nothing may depend on the arrival of a message; the rows are authoritative.
 *
 * Events are for clients and internal messages for services. They have separate methods, so that no internal message can reach a
 * client.
 *
 * A subscription calls `onGap` when it may have missed messages and receives them again. An error that a listener throws affects
 * neither the publisher nor the other listeners.
 */
export interface EventBus {
  /** Never throws and never waits. An event that cannot be sent is dropped. */
  publish(event: OwnedEvent): void;
  subscribe(topic: Topic<ServerEvent['type']>, onEvent: (event: OwnedEvent) => void, onGap?: () => void): Subscription;

  /** Like `publish`, for other services. */
  publishInternal(message: OwnedInternalMessage): void;
  subscribeInternal(
    topic: Topic<InternalMessage['type']>,
    onMessage: (message: OwnedInternalMessage) => void,
    onGap?: () => void,
  ): Subscription;

  close(): Promise<void>;
}
