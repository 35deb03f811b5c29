import type { OwnedEvent, OwnedInternalMessage } from '../../messages.ts';
import { type EventBus, everyone, type Subscription, type Topic } from '../../ports/event-bus.ts';

/**
 * How many messages may wait for delivery. Further ones are dropped and cause a gap, so that a publisher in a loop cannot fill
 * the memory.
 */
export const maxWaitingMessages = 10_000;

interface Subscriber<Message> {
  readonly kinds: readonly string[];
  readonly onMessage: (message: Message) => void;
  readonly onGap: () => void;
}

/** Listeners by owner: there may be thousands of owners, and a message concerns one of them. */
type Subscribers<Message> = Map<Topic<string>['owner'], Set<Subscriber<Message>>>;

/** A bus within this process. `onError` is called with what listeners throw. Without it, the process emits a warning. */
export function createMemoryEventBus(onError: (error: unknown) => void = warn): EventBus {
  const events: Subscribers<OwnedEvent> = new Map();
  const internal: Subscribers<OwnedInternalMessage> = new Map();
  let waiting: (() => void)[] = [];
  let hasGap = false;

  function attempt(call: () => void): void {
    try {
      call();
    } catch (error) {
      onError(error);
    }
  }

  // A Set reflects changes made during the loop: a subscription that ended in the meantime receives nothing more.
  function tell<Message extends { readonly owner: string }>(
    subscribers: Subscribers<Message>,
    message: Message,
    kind: string,
  ): void {
    for (const owner of [message.owner, everyone] as const) {
      for (const { kinds, onMessage } of subscribers.get(owner) ?? []) {
        if (kinds.includes(kind)) attempt(() => onMessage(message));
      }
    }
  }

  function deliver(): void {
    const messages = waiting;
    waiting = [];
    for (const message of messages) message();
    if (!hasGap) return;
    hasGap = false;
    for (const { onGap } of [...all(events), ...all(internal)]) attempt(onGap);
  }

  // Delivered outside the publisher's call, so that a slow listener, or one that publishes, does not delay it.
  function send(message: () => void): void {
    if (waiting.length >= maxWaitingMessages) hasGap = true;
    else if (waiting.push(message) === 1) queueMicrotask(deliver);
  }

  function add<Message>(
    subscribers: Subscribers<Message>,
    { owner, kinds }: Topic<string>,
    onMessage: (message: Message) => void,
    onGap: () => void = () => {},
  ): Subscription {
    const subscriber = { kinds, onMessage, onGap };
    const ofOwner = subscribers.get(owner) ?? new Set();
    subscribers.set(owner, ofOwner.add(subscriber));
    return {
      ready: Promise.resolve(),
      end() {
        ofOwner.delete(subscriber);
        if (ofOwner.size === 0 && subscribers.get(owner) === ofOwner) subscribers.delete(owner);
      },
    };
  }

  return {
    publish: (event) => send(() => tell(events, event, event.event.type)),
    publishInternal: (message) => send(() => tell(internal, message, message.message.type)),
    subscribe: (topic, onEvent, onGap) => add(events, topic, onEvent, onGap),
    subscribeInternal: (topic, onMessage, onGap) => add(internal, topic, onMessage, onGap),
    async close() {
      for (const subscribers of [events, internal]) {
        for (const ofOwner of subscribers.values()) ofOwner.clear();
        subscribers.clear();
      }
    },
  };
}

function all<Message>(subscribers: Subscribers<Message>): readonly Subscriber<Message>[] {
  return [...subscribers.values()].flatMap((ofOwner) => [...ofOwner]);
}

function warn(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : String(error));
}
