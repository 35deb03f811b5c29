import { createHash, randomUUID } from 'node:crypto';
import type { ConsumeMessage } from 'amqplib';
import { AppError } from '../../../shared/errors.ts';
import {
  type OwnedEvent,
  type OwnedInternalMessage,
  parseOwnedEvent,
  parseOwnedInternalMessage,
} from '../../messages.ts';
import { type EventBus, everyone, type Subscription, type Topic } from '../../ports/event-bus.ts';
import type { ReportSkipped } from '../../ports/skipped-item.ts';
import { createSubscribers, type Subscribers } from '../subscribers.ts';
import { createBindings } from './rabbit-bindings.ts';
import type { RabbitUser } from './rabbit-connection.ts';
import { type EventChannels, openEventChannels } from './rabbit-event-channels.ts';

/** Gaps are told at most this often, because each of them lets every client ask for what it missed. */
const gapEveryMilliseconds = 1000;
/** The routing key by which a process that had to drop messages tells all others. */
const gapKey = 'gap';

export interface RabbitEventBusParts {
  /** The name of the exchange. */
  readonly exchange: string;
  /** Called with what listeners throw. */
  readonly onError: (error: unknown) => void;
  /** Called with messages that cannot be read. */
  readonly skipped: ReportSkipped;
}

/** Whose messages a listener receives: a hash, so that no owner's id has a meaning for the exchange or is too long for it. */
type OwnerKey = string | typeof everyone;

/** Events or internal messages. They have separate routing keys, listeners and schemas. */
interface Space<Message> {
  readonly name: string;
  readonly subscribers: Subscribers<OwnerKey, Message>;
  readonly parse: (body: string) => Message;
  readonly kindOf: (message: Message) => string;
}

/**
 * A bus over a topic exchange. Each process has an exclusive queue. It receives also its own messages through it. The routing key of a
 * message is `SPACE.BUCKET.OWNER.KIND`. A queue is bound to buckets of owners: a binding takes RabbitMQ milliseconds, and a process
 * may have thousands of owners. Messages of others in a bucket are dropped unread.
 */
export function createRabbitEventBus({ exchange, onError, skipped }: RabbitEventBusParts): EventBus & RabbitUser {
  const events: Space<OwnedEvent> = {
    name: 'event',
    subscribers: createSubscribers(onError),
    parse: parseOwnedEvent,
    kindOf: ({ event }) => event.type,
  };
  const internal: Space<OwnedInternalMessage> = {
    name: 'internal',
    subscribers: createSubscribers(onError),
    parse: parseOwnedInternalMessage,
    kindOf: ({ message }) => message.type,
  };
  const bindings = createBindings();
  const ownName = randomUUID();
  let channels: EventChannels | undefined;
  let closed = false;
  /** Whether others may have missed messages of ours. Those that were sent just before a connection broke may be lost. */
  let hasSent = false;
  let hasDropped = false;
  const gap = createGapTimer(() => {
    events.subscribers.tellGap();
    internal.subscribers.tellGap();
  });

  function send<Message extends { readonly owner: string }>(space: Space<Message>, message: Message): void {
    if (closed) return;
    const routingKey = [space.name, bucketOf(keyOf(message.owner)), keyOf(message.owner), space.kindOf(message)].join(
      '.',
    );
    if (channels?.publish(routingKey, JSON.stringify(message)) === true) hasSent = true;
    else hasDropped = true;
  }

  function tellOthersOfGap(): void {
    if (channels?.publish(gapKey, ownName) === true) hasDropped = false;
  }

  function tellAllOfGap(): void {
    if (!hasDropped) return;
    tellOthersOfGap();
    gap.tell();
  }

  function receive({ fields: { routingKey }, content }: ConsumeMessage): void {
    const [space, , owner = ''] = routingKey.split('.');
    if (space === events.name) deliver(events, owner, content);
    else if (space === internal.name) deliver(internal, owner, content);
    else if (content.toString() !== ownName) gap.tell();
  }

  function deliver<Message extends { readonly owner: string }>(
    { name, subscribers, parse, kindOf }: Space<Message>,
    ownerKey: string,
    content: Buffer,
  ): void {
    if (!subscribers.has(ownerKey) && !subscribers.has(everyone)) return;
    try {
      const message = parse(content.toString());
      if (keyOf(message.owner) !== ownerKey) throw new AppError('bad_request', 'The routing key names another owner.');
      subscribers.tell([ownerKey, everyone], kindOf(message), message);
    } catch (cause) {
      skipped({ kind: 'message', id: name, what: 'could not read a message of the event bus', cause });
    }
  }

  function subscribe<Message>(
    { name, subscribers }: Space<Message>,
    { owner, kinds }: Topic<string>,
    onMessage: (message: Message) => void,
    onGap: (() => void) | undefined,
  ): Subscription {
    const key = owner === everyone ? everyone : keyOf(owner);
    const ofOwner = key === everyone ? [] : [`${name}.${bucketOf(key)}.*.*`];
    const patterns = key === everyone ? kinds.map((kind) => `${name}.*.*.${kind}`) : ofOwner;
    const remove = subscribers.add(key, { kinds, onMessage, onGap });
    return {
      ready: Promise.all(patterns.map(bindings.need)).then(() => undefined),
      end() {
        if (remove()) for (const pattern of patterns) bindings.drop(pattern);
      },
    };
  }

  return {
    publish: (event) => send(events, event),
    publishInternal: (message) => send(internal, message),
    subscribe: (topic, onEvent, onGap) => subscribe(events, topic, onEvent, onGap),
    subscribeInternal: (topic, onMessage, onGap) => subscribe(internal, topic, onMessage, onGap),
    async close() {
      closed = true;
      gap.stop();
      events.subscribers.clear();
      internal.subscribers.clear();
    },

    async begin(session) {
      const onOverflow = gap.tell;
      const opened = { session, exchange, onMessage: receive, onOverflow, onDrain: tellAllOfGap };
      channels = await openEventChannels(opened);
      await channels.bind(gapKey);
      await bindings.begin(channels);
      if (hasSent || hasDropped) tellOthersOfGap();
      hasSent = false;
      gap.tell();
    },
    end() {
      channels = undefined;
      bindings.end();
    },
    blocked: bindings.pause,
    unblocked() {
      bindings.resume();
      // For subscriptions that began meanwhile, too.
      hasDropped = true;
      tellAllOfGap();
    },
  };
}

function keyOf(owner: string): string {
  return createHash('sha256').update(owner).digest('base64url');
}

/** One of 64. */
function bucketOf(ownerKey: string): string {
  return ownerKey.slice(0, 1);
}

/** Tells a gap at once, and those that follow soon as one. */
function createGapTimer(tellNow: () => void): { tell(): void; stop(): void } {
  let last = -Infinity;
  let timer: NodeJS.Timeout | undefined;

  function tell(): void {
    timer = undefined;
    last = performance.now();
    tellNow();
  }
  return {
    tell() {
      const wait = last + gapEveryMilliseconds - performance.now();
      if (wait > 0) timer ??= setTimeout(tell, wait);
      else if (timer === undefined) tell();
    },
    stop: () => clearTimeout(timer),
  };
}
