import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Channel, ConfirmChannel, ConsumeMessage } from 'amqplib';
import { type DeadLetter, maxDeadLetterBytes, toDeadLetter } from '../../ports/job-queue.ts';
import type { RabbitSession } from './rabbit-connection.ts';
import { publishConfirmed } from './rabbit-publishing.ts';
import { deadExchange, isReply, type QueueNames } from './rabbit-queues.ts';

const causeHeader = 'cause';
const resourceLocked = 405;
const triesOfLock = 50;
const pauseMilliseconds = 100;
/** When a channel ends, RabbitMQ loses what it has not yet handled of more than 32 acknowledgements. */
const acksAtOnce = 16;
/** The most time between two letters. Another program may have taken the rest. */
const silenceMilliseconds = 2000;

/** Why a message is dead. */
export interface Burial {
  readonly body: string;
  /** A sentence. */
  readonly cause: string;
}

export async function publishDeadLetter(
  channel: ConfirmChannel,
  names: QueueNames,
  { body, cause }: Burial,
): Promise<void> {
  await publishConfirmed(channel, deadExchange, names.dead, Buffer.from(body).subarray(0, maxDeadLetterBytes), {
    messageId: randomUUID(),
    timestamp: Math.floor(Date.now() / 1000),
    headers: { [causeHeader]: cause },
  });
}

/**
 * Reads all dead letters, removes those with the ids in `dropped`, and leaves the others in their queue. AMQP can only take messages and
 * return them, so whoever else reads meanwhile would miss some: an exclusive queue is the lock that prevents it.
 */
export async function readDeadLetters(
  session: RabbitSession,
  names: QueueNames,
  dropped: readonly string[] = [],
): Promise<readonly DeadLetter[]> {
  const lock = `${names.dead}.reading`;
  const channel = await lockedChannel(session, lock);
  try {
    const isDropped = ({ id }: DeadLetter): boolean => dropped.includes(id);
    const pass = async (): Promise<readonly DeadLetter[]> => {
      const { messageCount } = await session.answer(channel.checkQueue(names.dead));
      const letters = messageCount === 0 ? [] : await takeAndReturn(session, names.dead, messageCount, isDropped);
      await haveReturned(session, channel, names.dead, letters.filter((letter) => !isDropped(letter)).length);
      return letters;
    };
    const letters = await pass();
    for (let left = letters; left.some(isDropped); left = await pass());
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

/**
 * Takes up to `count` letters, removes some of those that are to be dropped, and returns the others to their queue. Resolves with all of
 * them.
 */
async function takeAndReturn(
  session: RabbitSession,
  queue: string,
  count: number,
  isDropped: (letter: DeadLetter) => boolean,
): Promise<readonly DeadLetter[]> {
  const channel = await session.openSpareChannel();
  const letters: DeadLetter[] = [];
  const toDrop: ConsumeMessage[] = [];
  /** The last message before which none is kept. */
  let lastOfDropped: ConsumeMessage | undefined;
  const { promise: isDone, resolve: done } = Promise.withResolvers<void>();
  const silence = setTimeout(done, silenceMilliseconds);
  channel.on('close', done);
  const onMessage = (message: ConsumeMessage | null): void => {
    if (message !== null && letters.length < count) {
      const letter = toLetter(message);
      letters.push(letter);
      if (isDropped(letter)) {
        toDrop.push(message);
        if (toDrop.length === letters.length) lastOfDropped = message;
      }
    }
    if (message === null || letters.length === count) done();
    silence.refresh();
  };
  await session.answer(channel.consume(queue, onMessage));
  await isDone;
  clearTimeout(silence);
  if (lastOfDropped !== undefined) channel.ack(lastOfDropped, true);
  const after = lastOfDropped === undefined ? 0 : toDrop.indexOf(lastOfDropped) + 1;
  for (const message of toDrop.slice(after, after + acksAtOnce)) channel.ack(message);
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

function toLetter({ content, properties }: ConsumeMessage): DeadLetter {
  const { headers, messageId, timestamp } = properties;
  const body = content.toString();
  const cause: unknown = headers?.[causeHeader];
  // Without a cause of ours, RabbitMQ has moved it here.
  const moved = typeof cause === 'string' ? undefined : (headers?.['x-death']?.[0]?.time.value ?? 0);
  const seconds: unknown = moved ?? timestamp;
  return toDeadLetter({
    // Two messages of the same text that RabbitMQ moved in the same second have the same id. It makes no difference which is dropped.
    id: typeof messageId === 'string' ? messageId : createHash('sha256').update(`${moved} ${body}`).digest('hex'),
    body,
    cause: typeof cause === 'string' ? cause : 'The message was returned too often.',
    ...(typeof seconds === 'number' && seconds > 0 ? { at: new Date(seconds * 1000).toISOString() } : {}),
  });
}
