import { setTimeout as delay } from 'node:timers/promises';
import type { Channel, ConfirmChannel, ConsumeMessage } from 'amqplib';
import { AppError } from '../../../shared/errors.ts';
import { type DeadLetter, toDeadLetter } from '../../ports/job-queue.ts';
import type { RabbitSession } from './rabbit-connection.ts';
import { publishConfirmed } from './rabbit-publishing.ts';
import { deadExchange, isReply, type QueueNames } from './rabbit-queues.ts';

const causeHeader = 'cause';
const resourceLocked = 405;
const triesOfLock = 50;
const pauseMilliseconds = 100;
/** The most time between two letters. Another program may have taken the rest. */
const silenceMilliseconds = 2000;

export async function publishDeadLetter(channel: ConfirmChannel, names: QueueNames, letter: DeadLetter): Promise<void> {
  await publishConfirmed(channel, deadExchange, names.dead, Buffer.from(letter.body), {
    headers: { [causeHeader]: letter.cause },
  });
}

/**
 * Reads all dead letters and leaves them in their queue. AMQP can only take messages and return them, so whoever else reads meanwhile
 * would miss some: an exclusive queue is the lock that prevents it.
 */
export async function readDeadLetters(session: RabbitSession, names: QueueNames): Promise<readonly DeadLetter[]> {
  const lock = `${names.dead}.reading`;
  const channel = await lockedChannel(session, lock);
  try {
    const { messageCount } = await session.answer(channel.checkQueue(names.dead));
    const letters = messageCount === 0 ? [] : await takeAndReturn(session, names.dead, messageCount);
    await haveReturned(session, channel, names.dead, letters.length);
    return letters;
  } finally {
    await session.answer(channel.deleteQueue(lock)).catch(() => undefined);
    await session.closeChannel(channel).catch(() => undefined);
  }
}

async function lockedChannel(session: RabbitSession, lock: string): Promise<Channel> {
  for (let tries = 1; ; tries += 1) {
    const channel = await session.openSpareChannel();
    try {
      await session.answer(channel.assertQueue(lock, { exclusive: true, durable: false }));
      return channel;
    } catch (error) {
      if (!isReply(error, resourceLocked) || tries === triesOfLock) throw error;
    }
    await delay(pauseMilliseconds);
  }
}

async function takeAndReturn(session: RabbitSession, queue: string, count: number): Promise<readonly DeadLetter[]> {
  const channel = await session.openSpareChannel();
  const letters: DeadLetter[] = [];
  const { promise: isDone, resolve: done } = Promise.withResolvers<void>();
  const silence = setTimeout(done, silenceMilliseconds);
  channel.on('close', done);
  const onMessage = (message: ConsumeMessage | null): void => {
    if (message !== null && letters.length < count) letters.push(toLetter(message));
    if (message === null || letters.length === count) done();
    silence.refresh();
  };
  await session.answer(channel.consume(queue, onMessage));
  await isDone;
  clearTimeout(silence);
  // This returns them in their order. RabbitMQ 3.10 shuffles messages that are returned by one nack.
  await session.closeChannel(channel);
  return letters;
}

/** Waits until the letters are in the queue again, so that the next reader finds them. */
async function haveReturned(session: RabbitSession, channel: Channel, queue: string, count: number): Promise<void> {
  for (let waited = 0; waited < silenceMilliseconds; waited += pauseMilliseconds / 10) {
    const { messageCount } = await session.answer(channel.checkQueue(queue));
    if (messageCount >= count) return;
    await delay(pauseMilliseconds / 10);
  }
}

function toLetter({ content, properties: { headers } }: ConsumeMessage): DeadLetter {
  const cause: unknown = headers?.[causeHeader];
  // Without a cause of ours, RabbitMQ has moved it here.
  const why = typeof cause === 'string' ? cause : 'The message was returned too often.';
  return toDeadLetter(content.toString(), new AppError('bad_request', why));
}
