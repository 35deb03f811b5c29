import type { OwnedEvent, OwnedInternalMessage } from '../../messages.ts';
import { type EventBus, everyone, type Subscription, type Topic } from '../../ports/event-bus.ts';

/** How many messages may wait to be delivered. More are dropped, and end in a gap: a publisher in a loop must not fill the memory. */
export const maxWaitingMessages = 10_000;

interface Subscriber<Message> {
  readonly kinds: readonly string[];
  readonly onMessage: (message: Message) => void;
  readonly onGap: () => void;
}

/** By whose messages they want: there may be thousands of owners, and a message concerns one of them. */
type Subscribers<Message> = Map<Topic<string>['owner'], Set<Subscriber<Message>>>;

/** A bus within this process. `onError` hears what listeners throw; where it is left out, the process warns of it. */
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

  // A Set shows what is deleted or added during the loop: a subscription that has ended meanwhile hears nothing more.
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

  // Not on the publisher's own stack: a slow listener, or one that publishes itself, must not hold it up.
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
