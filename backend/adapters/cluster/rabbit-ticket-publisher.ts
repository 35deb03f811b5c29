import type { ConfirmChannel } from 'amqplib';
import { AppError } from '../../../shared/errors.ts';
import type { Ticket } from '../../messages.ts';
import type { RabbitSession } from './rabbit-connection.ts';
import { publishConfirmed } from './rabbit-publishing.ts';
import type { QueueNames } from './rabbit-queues.ts';
import { withinSeconds } from './within-seconds.ts';

/** How long a publisher waits for RabbitMQ. */
const publishSeconds = 3;

/** What a queue has at RabbitMQ during one session. */
export interface QueueLink {
  readonly session: RabbitSession;
  readonly publishing: ConfirmChannel;
}

interface UnsentTicket {
  readonly body: Buffer;
  readonly resolve: (isAdded: boolean) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Publishes tickets, unless enough wait. `requireLink` throws `unavailable` while there is no link.
 *
 * How many tickets may wait depends on the places of all processes, which come and go. A limit that is declared with the queue cannot
 * follow them. So a publisher asks RabbitMQ before each ticket: for the tickets that wait, and for the places (`QueueNames.places`). It
 * adds one while fewer wait than there are places. Other processes may add one at the same moment, hence the distance to
 * `ticketsPerPlace`: it is kept if no more processes do so than there are places.
 */
export function createTicketPublisher(
  names: QueueNames,
  requireLink: () => QueueLink,
): (ticket: Ticket) => Promise<boolean> {
  /** Tickets that arrive while others are published. They go together, so that many at once do not wait for each other. */
  let unsent: UnsentTicket[] = [];
  let isSending = false;

  /** Adds as many tickets as may wait, and returns their number. */
  async function add(bodies: readonly Buffer[]): Promise<number> {
    const { session, publishing } = requireLink();
    for (const [added, body] of bodies.entries()) {
      const { messageCount: waiting } = await session.answer(publishing.checkQueue(names.tickets));
      const { consumerCount: places } = await session.answer(publishing.checkQueue(names.places));
      if (waiting >= places) return added;
      await session.answer(publishConfirmed(publishing, '', names.tickets, body));
    }
    return bodies.length;
  }

  async function sendAll(): Promise<void> {
    if (isSending) return;
    isSending = true;
    while (unsent.length > 0) {
      const group = unsent;
      unsent = [];
      try {
        const added = await add(group.map(({ body }) => body));
        for (const [index, { resolve }] of group.entries()) resolve(index < added);
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
    }
    isSending = false;
  }

  return async (ticket) => {
    requireLink();
    const { promise, ...settle } = Promise.withResolvers<boolean>();
    const one = { body: Buffer.from(JSON.stringify(ticket)), ...settle };
    unsent.push(one);
    void sendAll();
    try {
      return await withinSeconds(publishSeconds, promise);
    } catch (cause) {
      throw new AppError('unavailable', `The queue ${names.tickets} could not take a ticket.`, { cause });
    } finally {
      unsent = unsent.filter((each) => each !== one);
    }
  };
}
