import { randomUUID } from 'node:crypto';
import type { Channel, ConsumeMessage } from 'amqplib';
import { type AppError, isAppError } from '../../../shared/errors.ts';
import { parseTicket } from '../../messages.ts';
import type { JobWorker } from '../job-worker.ts';
import type { RabbitSession } from './rabbit-connection.ts';
import type { Burial } from './rabbit-dead-letters.ts';
import type { QueueNames } from './rabbit-queues.ts';

/** What a consumer has at RabbitMQ during one session. */
export interface Takers {
  /**
   * Brings RabbitMQ in line with the worker: one consumer of `places` for each place, and one of `tickets` for each free place.
   * Resolves when this is done, or when the session has ended.
   */
  adjust(): Promise<void>;
}

export interface TakersParts {
  readonly session: RabbitSession;
  /** Delivers one message at a time to each of its consumers. */
  readonly channel: Channel;
  readonly names: QueueNames;
  readonly worker: JobWorker;
  /** Lets a free place look for work without a ticket. Returns false if none has to. */
  look(): boolean;
  /** Stores a message that is no ticket where people find it. */
  bury(burial: Burial): Promise<void>;
}

/** A consumer of tickets. Its place is free. */
interface Taker {
  readonly tag: string;
  cancelled?: Promise<unknown>;
}

export function createTakers(parts: TakersParts): Takers {
  const { session, channel, names, worker, look, bury } = parts;
  const counted: string[] = [];
  const takers = new Set<Taker>();
  let isAdjusting = false;
  let adjusted = Promise.resolve();

  /** The next step towards what the worker wants, or undefined if there is none. */
  function nextStep(): (() => Promise<void>) | undefined {
    if (counted.length < worker.places()) return addPlace;
    if (counted.length > worker.places()) return removePlace;
    // Only after the place counts: a row that this look misses brings a ticket.
    while (look());
    if (takers.size < worker.freePlaces()) return addTaker;
    if (takers.size > worker.freePlaces()) return removeTaker;
    return undefined;
  }

  async function addPlace(): Promise<void> {
    const { consumerTag } = await session.answer(channel.consume(names.places, onCancelled, { noAck: true }));
    counted.push(consumerTag);
  }

  async function removePlace(): Promise<void> {
    await session.answer(channel.cancel(counted.pop() ?? ''));
  }

  async function addTaker(): Promise<void> {
    const taker: Taker = { tag: randomUUID() };
    takers.add(taker);
    const onMessage = (message: ConsumeMessage | null): void => {
      if (message === null) onCancelled(message);
      else settle(take(taker, message));
    };
    await session.answer(channel.consume(names.tickets, onMessage, { consumerTag: taker.tag }));
  }

  async function removeTaker(): Promise<void> {
    const [taker] = takers;
    if (taker !== undefined) await cancel(taker);
  }

  /** Then RabbitMQ delivers nothing more to it, not even when it acknowledges what it has. */
  async function cancel(taker: Taker): Promise<void> {
    takers.delete(taker);
    taker.cancelled ??= session.answer(channel.cancel(taker.tag));
    await taker.cancelled;
  }

  async function take(taker: Taker, message: ConsumeMessage): Promise<void> {
    const body = message.content.toString();
    const refusal = refusalOf(body);
    if (refusal !== undefined) await bury({ body, cause: refusal.message });
    const isWanted = takers.has(taker) && worker.freePlaces() > 0;
    if (isWanted) {
      takers.delete(taker);
      worker.work(refusal === undefined ? body : undefined);
    }
    await cancel(taker);
    // A job may take longer than RabbitMQ waits for an acknowledgement; the lease on its row is what tells that it is alive.
    if (isWanted || refusal !== undefined) channel.ack(message);
    else channel.nack(message);
  }

  /** RabbitMQ ends a consumer when its queue is deleted. The next session declares it again. */
  function onCancelled(message: ConsumeMessage | null): void {
    if (message === null) session.cut(new Error('RabbitMQ ended a consumer'));
  }

  /** What was not acknowledged is delivered again in the next session. */
  function settle(taking: Promise<void>): void {
    taking.catch((error: unknown) => session.cut(new Error('a message could not be handled', { cause: error })));
  }

  async function adjust(): Promise<void> {
    try {
      for (let step = nextStep(); step !== undefined; step = nextStep()) await step();
    } catch {
      // The session has ended, or ends now: a request fails for no other reason.
    } finally {
      isAdjusting = false;
    }
  }

  return {
    adjust() {
      if (isAdjusting) return adjusted;
      isAdjusting = true;
      adjusted = adjust();
      return adjusted;
    },
  };
}

/** Why a message is no ticket, or undefined if it is one. */
function refusalOf(body: string): AppError | undefined {
  try {
    parseTicket(body);
    return undefined;
  } catch (error) {
    if (isAppError(error)) return error;
    throw error;
  }
}
