import { AppError } from '../../../shared/errors.ts';
import type { Consumer, DeadLetter, JobQueue } from '../../ports/job-queue.ts';
import type { RabbitUser } from './rabbit-connection.ts';
import { createRabbitConsumer, type RabbitConsumer } from './rabbit-consumer.ts';
import { type Burial, publishDeadLetter, readDeadLetters } from './rabbit-dead-letters.ts';
import { declareQueues, queueNames } from './rabbit-queues.ts';
import { createTicketPublisher, type QueueLink } from './rabbit-ticket-publisher.ts';
import { withinSeconds } from './within-seconds.ts';

const readSeconds = 10;
const burySeconds = 3;

/** A queue of this name at RabbitMQ. `onError` is called with what handlers throw, and with why a message is not a ticket. */
export function createRabbitJobQueue(name: string, onError: (error: unknown) => void): JobQueue & RabbitUser {
  const names = queueNames(name);
  const consumers = new Set<RabbitConsumer>();
  let link: QueueLink | undefined;
  let closed = false;
  let reading: Promise<unknown> = Promise.resolve();

  function refuseIfClosed(): void {
    if (closed) throw new AppError('unavailable', 'The queue is closed.');
  }

  function requireLink(): QueueLink {
    if (link === undefined || link.session.isBlocked()) {
      throw new AppError('unavailable', `The queue ${name} cannot be reached now.`);
    }
    return link;
  }

  const publish = createTicketPublisher(names, requireLink);

  async function buryMessage(burial: Burial): Promise<void> {
    onError(new AppError('bad_request', burial.cause));
    await publishDeadLetter(requireLink().publishing, names, burial);
  }

  async function read(dropped: readonly string[]): Promise<readonly DeadLetter[]> {
    const { session } = requireLink();
    try {
      return await withinSeconds(readSeconds, readDeadLetters(session, names, dropped));
    } catch (cause) {
      throw new AppError('unavailable', `The dead letters of the queue ${name} could not be read.`, { cause });
    }
  }

  /** One at a time: RabbitMQ's lock is between connections. */
  async function readInTurn(dropped: readonly string[]): Promise<readonly DeadLetter[]> {
    refuseIfClosed();
    const letters = reading.then(() => read(dropped));
    reading = letters.catch(() => undefined);
    return await letters;
  }

  return {
    async publish(ticket) {
      refuseIfClosed();
      return await publish(ticket);
    },

    async consume(handler, { places }): Promise<Consumer> {
      refuseIfClosed();
      const consumer = createRabbitConsumer({ names, handler, onError, publish, bury: buryMessage });
      consumers.add(consumer);
      // If the session ends meanwhile, the consumer begins with the next one.
      if (link !== undefined) await consumer.begin(link.session).catch(() => undefined);
      consumer.setPlaces(places);
      await consumer.known();
      return {
        setPlaces: consumer.setPlaces,
        async stop() {
          await consumer.stop();
          consumers.delete(consumer);
        },
      };
    },

    async bury(ticket, cause) {
      refuseIfClosed();
      const { publishing } = requireLink();
      const burial = { body: JSON.stringify(ticket), cause };
      try {
        await withinSeconds(burySeconds, publishDeadLetter(publishing, names, burial));
      } catch (error) {
        throw new AppError('unavailable', `The queue ${names.dead} could not take a dead letter.`, { cause: error });
      }
    },

    deadLetters: () => readInTurn([]),

    async dropDeadLetters(ids) {
      const letters = await readInTurn(ids);
      return letters.filter(({ id }) => ids.includes(id)).length;
    },

    async close() {
      closed = true;
      await Promise.all([...consumers].map((consumer) => consumer.stop()));
      consumers.clear();
    },

    async begin(session) {
      const publishing = await session.openConfirmChannel();
      await declareQueues(session, publishing, names);
      link = { session, publishing };
      // Not those that come meanwhile: they find the link.
      for (const consumer of [...consumers]) await consumer.begin(session);
    },
    end() {
      link = undefined;
      for (const consumer of consumers) consumer.end();
    },
  };
}
