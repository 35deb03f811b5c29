import { AppError, isAppError } from '../../../shared/errors.ts';
import { parseTicket } from '../../messages.ts';
import {
  type Consumer,
  type DeadLetter,
  type JobHandler,
  type JobQueue,
  maxDeadLetters,
  type Place,
  ticketsPerPlace,
  toDeadLetter,
} from '../../ports/job-queue.ts';

interface Worker {
  readonly handler: JobHandler;
  readonly stopping: AbortController;
  /** Handlers that have not returned. */
  readonly running: Set<Promise<void>>;
  places: number;
  /** Places whose handler runs. More than `places` after their number was lowered, until some have given up theirs. */
  busy: number;
}

export interface MemoryJobQueue extends JobQueue {
  /** Publishes a message as it is, ticket or not, as another program can on a server's queue. */
  publishMessage(body: string): Promise<boolean>;
}

/** A queue in this process's memory. `onError` hears what handlers throw, and what is wrong with messages that are no tickets. */
export function createMemoryJobQueue(onError: (error: unknown) => void): MemoryJobQueue {
  /** Tickets as JSON, in the order of arrival. */
  const waiting: string[] = [];
  const dead: DeadLetter[] = [];
  const workers = new Set<Worker>();
  let closed = false;

  function mostWaiting(): number {
    return [...workers].reduce((sum, { places }) => sum + places, 0) * ticketsPerPlace;
  }

  function handOut(): void {
    for (const worker of workers) {
      while (worker.busy < worker.places) {
        const body = waiting.shift();
        if (body === undefined) return;
        if (isTicket(body)) work(worker, body);
      }
    }
  }

  function isTicket(body: string): boolean {
    try {
      parseTicket(body);
      return true;
    } catch (error) {
      if (!isAppError(error)) throw error;
      onError(error);
      dead.push(toDeadLetter(body, error));
      if (dead.length > maxDeadLetters) dead.shift();
      return false;
    }
  }

  /** Runs the handler, for this ticket if there is one. */
  function work(worker: Worker, ticket?: string): void {
    const { signal } = worker.stopping;
    let isHeld = true;
    worker.busy += 1;
    function giveUp(): void {
      if (isHeld) worker.busy -= 1;
      isHeld = false;
    }
    const place: Place = {
      signal,
      mayGoOn() {
        if (worker.busy > worker.places) giveUp();
        return isHeld && !signal.aborted;
      },
    };
    const job = run(worker.handler, place).then(() => {
      worker.running.delete(job);
      giveUp();
      if (ticket !== undefined && signal.aborted && waiting.length < mostWaiting()) waiting.push(ticket);
      handOut();
    });
    worker.running.add(job);
  }

  async function run(handler: JobHandler, place: Place): Promise<void> {
    try {
      await handler(place);
    } catch (error) {
      if (!place.signal.aborted || error !== place.signal.reason) onError(error);
    }
  }

  function setPlaces(worker: Worker, places: number): void {
    const before = worker.places;
    worker.places = places;
    for (let index = Math.max(before, worker.busy); index < places; index += 1) work(worker);
    waiting.length = Math.min(waiting.length, mostWaiting());
  }

  async function stop(worker: Worker): Promise<void> {
    setPlaces(worker, 0);
    workers.delete(worker);
    worker.stopping.abort();
    await Promise.all(worker.running);
  }

  function refuseIfClosed(): void {
    if (closed) throw new AppError('unavailable', 'The queue is closed.');
  }

  async function publishMessage(body: string): Promise<boolean> {
    refuseIfClosed();
    if (waiting.length >= mostWaiting()) return false;
    waiting.push(body);
    handOut();
    return true;
  }

  return {
    publish: (ticket) => publishMessage(JSON.stringify(ticket)),
    publishMessage,

    async consume(handler, { places }): Promise<Consumer> {
      refuseIfClosed();
      const stopping = new AbortController();
      const worker: Worker = { handler, stopping, running: new Set(), places: 0, busy: 0 };
      workers.add(worker);
      setPlaces(worker, places);
      return {
        setPlaces(wanted) {
          if (!stopping.signal.aborted) setPlaces(worker, wanted);
        },
        stop: () => stop(worker),
      };
    },

    async deadLetters() {
      refuseIfClosed();
      return [...dead];
    },

    async close() {
      closed = true;
      await Promise.all([...workers].map(stop));
    },
  };
}
