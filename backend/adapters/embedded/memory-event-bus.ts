import type { OwnedEvent, OwnedInternalMessage } from '../../messages.ts';
import { type EventBus, everyone, type Subscription, type Topic } from '../../ports/event-bus.ts';
import { createSubscribers, type Subscribers } from '../subscribers.ts';

/**
 * How many messages may wait for delivery. Further ones are dropped and cause a gap, so that a publisher in a loop cannot fill
 * the memory.
 */
export const maxWaitingMessages = 10_000;

type Owner = Topic<string>['owner'];

/** A bus within this process. `onError` is called with what listeners throw. Without it, the process emits a warning. */
export function createMemoryEventBus(onError: (error: unknown) => void = warn): EventBus {
  const events = createSubscribers<Owner, OwnedEvent>(onError);
  const internal = createSubscribers<Owner, OwnedInternalMessage>(onError);
  let waiting: (() => void)[] = [];
  let hasGap = false;

  function deliver(): void {
    const messages = waiting;
    waiting = [];
    for (const message of messages) message();
    if (!hasGap) return;
    hasGap = false;
    events.tellGap();
    internal.tellGap();
  }

  // Delivered outside the publisher's call, so that a slow listener, or one that publishes, does not delay it.
  function send(message: () => void): void {
    if (waiting.length >= maxWaitingMessages) hasGap = true;
    else if (waiting.push(message) === 1) queueMicrotask(deliver);
  }

  function add<Message>(
    subscribers: Subscribers<Owner, Message>,
    { owner, kinds }: Topic<string>,
    onMessage: (message: Message) => void,
    onGap: (() => void) | undefined,
  ): Subscription {
    return { ready: Promise.resolve(), end: subscribers.add(owner, { kinds, onMessage, onGap }) };
  }

  return {
    publish: (event) => send(() => events.tell([event.owner, everyone], event.event.type, event)),
    publishInternal: (message) => send(() => internal.tell([message.owner, everyone], message.message.type, message)),
    subscribe: (topic, onEvent, onGap) => add(events, topic, onEvent, onGap),
    subscribeInternal: (topic, onMessage, onGap) => add(internal, topic, onMessage, onGap),
    async close() {
      events.clear();
      internal.clear();
    },
  };
}

function warn(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : String(error));
}
