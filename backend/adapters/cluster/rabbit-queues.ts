import type { Channel, Options } from 'amqplib';
import { AppError } from '../../../shared/errors.ts';
import { maxDeadLetters } from '../../ports/job-queue.ts';
import type { RabbitSession } from './rabbit-connection.ts';

/** What one queue of tickets consists of at RabbitMQ. */
export interface QueueNames {
  readonly tickets: string;
  readonly dead: string;
  /**
   * Is always empty and has one consumer for each place, busy or not. RabbitMQ counts them, so every publisher knows how many places
   * there are, and those of a process that dies are gone with its connection. The consumers of `tickets` are the free places only.
   */
  readonly places: string;
}

export function queueNames(name: string): QueueNames {
  return { tickets: name, dead: `${name}.dead`, places: `${name}.places` };
}

/** A direct exchange. The routing key is the name of the queue of dead letters. */
export const deadExchange = 'soundlift.dead';

/** A ticket that is returned more often than this, because its consumers die before they acknowledge it, is dead. */
const maxDeliveries = 20;

/**
 * Declares the queues. Takes only what RabbitMQ 3.10 to 4.3 accept. Safe to do twice at once. Throws `unsupported` if one of them
 * exists with other settings.
 */
export async function declareQueues(session: RabbitSession, channel: Channel, names: QueueNames): Promise<void> {
  async function declareQueue(name: string, options: Options.AssertQueue): Promise<void> {
    const quorum = { 'x-queue-type': 'quorum', ...options.arguments };
    const declaring = channel.assertQueue(name, { ...options, durable: true, arguments: quorum });
    await withClearRefusal('queue', name, session.answer(declaring));
  }

  const declaring = channel.assertExchange(deadExchange, 'direct', { durable: true });
  await withClearRefusal('exchange', deadExchange, session.answer(declaring));
  await declareQueue(names.dead, {
    maxLength: maxDeadLetters,
    // Reading the dead letters returns each of them. RabbitMQ 4 drops a message that was returned 20 times, unless this says more.
    arguments: { 'x-delivery-limit': 1_000_000 },
  });
  await session.answer(channel.bindQueue(names.dead, deadExchange, names.dead));
  await declareQueue(names.tickets, {
    deadLetterExchange: deadExchange,
    deadLetterRoutingKey: names.dead,
    arguments: { 'x-delivery-limit': maxDeliveries },
  });
  await declareQueue(names.places, {});
}

/** Says it clearly if RabbitMQ refuses a declaration because it has one of this name with other settings. */
export async function withClearRefusal<Answer>(
  kind: 'queue' | 'exchange',
  name: string,
  declaring: Promise<Answer>,
): Promise<Answer> {
  try {
    return await declaring;
  } catch (error) {
    if (!isReply(error, preconditionFailed)) throw error;
    throw new AppError(
      'unsupported',
      `RabbitMQ has the ${kind} ${name} with other settings than this version of Soundlift needs. Delete it there, and Soundlift declares it anew. No work is lost, because tickets are published again.`,
      { cause: error },
    );
  }
}

const preconditionFailed = 406;

/** True if RabbitMQ closed a channel with this reply code (https://www.rabbitmq.com/amqp-0-9-1-reference#constants). */
export function isReply(error: unknown, code: number): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
