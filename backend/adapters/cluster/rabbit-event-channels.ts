import type { ConsumeMessage } from 'amqplib';
import type { Binder } from './rabbit-bindings.ts';
import type { RabbitSession } from './rabbit-connection.ts';
import { withClearRefusal } from './rabbit-queues.ts';

/** What may wait at RabbitMQ for a process that is slow. Beyond that the oldest messages are dropped. */
const maxWaitingMessages = 10_000;
const maxWaitingBytes = 64 * 1024 * 1024;

/** The event bus at RabbitMQ during one session. */
export interface EventChannels extends Binder {
  /** Returns false, and drops the message, if RabbitMQ does not take messages fast enough. Never throws. */
  publish(routingKey: string, body: string): boolean;
}

export interface EventChannelsParts {
  readonly session: RabbitSession;
  /** The name of the exchange. */
  readonly exchange: string;
  readonly onMessage: (message: ConsumeMessage) => void;
  /** Called when RabbitMQ has dropped messages for this process. */
  readonly onOverflow: () => void;
  /** Called when messages can be published again after `publish` returned false. */
  readonly onDrain: () => void;
}

export async function openEventChannels(parts: EventChannelsParts): Promise<EventChannels> {
  const { session, exchange, onMessage, onOverflow, onDrain } = parts;
  const incoming = await session.openChannel();
  const outgoing = await session.openChannel();
  let isFull = false;
  outgoing.on('drain', () => {
    isFull = false;
    onDrain();
  });

  /** RabbitMQ deletes the queue with the connection. The type is named, since the default of a vhost may be another. */
  const exclusive = { exclusive: true, durable: false };
  const classic = { 'x-queue-type': 'classic' };
  function receive(queue: string, onReceived: (message: ConsumeMessage) => void): Promise<unknown> {
    const onDelivery = (message: ConsumeMessage | null): void => {
      if (message === null) session.cut(new Error('RabbitMQ ended the consumer of events'));
      else onReceived(message);
    };
    return session.answer(incoming.consume(queue, onDelivery, { noAck: true }));
  }

  const declaring = incoming.assertExchange(exchange, 'topic', { durable: true });
  await withClearRefusal('exchange', exchange, session.answer(declaring));
  // What RabbitMQ drops for us goes here, and one message of it is enough to know.
  const { queue: overflow } = await session.answer(
    incoming.assertQueue('', { ...exclusive, maxLength: 1, arguments: classic }),
  );
  const { queue } = await session.answer(
    incoming.assertQueue('', {
      ...exclusive,
      maxLength: maxWaitingMessages,
      deadLetterExchange: '',
      deadLetterRoutingKey: overflow,
      arguments: { ...classic, 'x-max-length-bytes': maxWaitingBytes },
    }),
  );
  await receive(overflow, onOverflow);
  await receive(queue, onMessage);

  return {
    bind: (pattern) => session.answer(incoming.bindQueue(queue, exchange, pattern)),
    unbind: (pattern) => session.answer(incoming.unbindQueue(queue, exchange, pattern)),
    publish(routingKey, body) {
      if (isFull || session.isBlocked()) return false;
      try {
        // False means that amqplib has taken this message, but that its buffer is full now.
        isFull = !outgoing.publish(exchange, routingKey, Buffer.from(body));
        return true;
      } catch {
        // The session has just ended.
        return false;
      }
    },
  };
}
