import { parseTicket, type Ticket } from '../../messages.ts';
import type { Consumer, JobHandler } from '../../ports/job-queue.ts';
import { createJobWorker } from '../job-worker.ts';
import type { RabbitUser } from './rabbit-connection.ts';
import type { Burial } from './rabbit-dead-letters.ts';
import type { QueueNames } from './rabbit-queues.ts';
import { createTakers, type Takers } from './rabbit-takers.ts';
import { withinSeconds } from './within-seconds.ts';

/** How long a stop waits for RabbitMQ. */
const stopSeconds = 3;

export interface RabbitConsumerParts {
  readonly names: QueueNames;
  readonly handler: JobHandler;
  /** Called with what the handler throws. */
  readonly onError: (error: unknown) => void;
  readonly publish: (ticket: Ticket) => Promise<unknown>;
  readonly bury: (burial: Burial) => Promise<void>;
}

export interface RabbitConsumer extends Consumer, RabbitUser {
  /** Resolves once RabbitMQ knows the places, or there is no session. */
  known(): Promise<void>;
}

/** A consumer that has its places also while there is no connection, and gets tickets as soon as there is one. */
export function createRabbitConsumer(parts: RabbitConsumerParts): RabbitConsumer {
  const { names, handler, onError, publish, bury } = parts;
  /** How many places must still look for work without a ticket. */
  let looks = 0;
  let takers: Takers | undefined;
  let endSession = async (): Promise<void> => undefined;
  const unfinished: Ticket[] = [];
  let stopped: Promise<void> | undefined;

  const worker = createJobWorker(handler, {
    onError,
    onReturn(ticket) {
      if (ticket !== undefined) unfinished.push(parseTicket(ticket));
      wake();
    },
  });

  function look(): boolean {
    if (looks === 0 || worker.freePlaces() === 0) return false;
    looks -= 1;
    worker.work();
    return true;
  }

  function wake(): void {
    if (takers !== undefined) void takers.adjust();
    else while (look());
  }

  function setPlaces(places: number): void {
    const newPlaces = worker.setPlaces(places);
    looks = Math.min(looks + newPlaces, places);
    wake();
  }

  async function stop(): Promise<void> {
    looks = 0;
    const working = worker.stop();
    wake();
    await working;
    // If RabbitMQ is away, the tickets are lost. Their rows are not.
    await withinSeconds(stopSeconds, Promise.all([takers?.adjust(), ...unfinished.map(publish)])).catch(
      () => undefined,
    );
    await withinSeconds(stopSeconds, endSession()).catch(() => undefined);
  }

  return {
    setPlaces(places) {
      if (stopped === undefined) setPlaces(places);
    },
    stop: () => (stopped ??= stop()),
    known: async () => await takers?.adjust(),

    async begin(session) {
      const channel = await session.openChannel();
      // For each consumer of the channel.
      await session.answer(channel.prefetch(1));
      // Tickets may have been lost meanwhile, and busy places may have looked before.
      looks = worker.places();
      takers = createTakers({ session, channel, names, worker, look, bury });
      endSession = () => session.closeChannel(channel);
      void takers.adjust();
    },
    end() {
      takers = undefined;
      endSession = async () => undefined;
      wake();
    },
  };
}
