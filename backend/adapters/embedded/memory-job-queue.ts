import { randomUUID } from 'node:crypto';
import { AppError, isAppError } from '../../../shared/errors.ts';
import { parseTicket } from '../../messages.ts';
import {
  type Consumer,
  type DeadLetter,
  type JobQueue,
  maxDeadLetters,
  ticketsPerPlace,
  toDeadLetter,
} from '../../ports/job-queue.ts';
import { createJobWorker, type JobWorker } from '../job-worker.ts';

export interface MemoryJobQueue extends JobQueue {
  /** Publishes a message unchanged, even if it is no ticket. Another program can do this on a server's queue. */
  publishMessage(body: string): Promise<boolean>;
}

/** A queue in this process's memory. `onError` is called with what handlers throw, and with why a message is not a ticket. */
export function createMemoryJobQueue(onError: (error: unknown) => void): MemoryJobQueue {
  /** Tickets as JSON, in the order of arrival. */
  const waiting: string[] = [];
  let dead: readonly DeadLetter[] = [];
  const workers = new Set<JobWorker>();
  let closed = false;

  function mostWaiting(): number {
    return [...workers].reduce((sum, worker) => sum + worker.places(), 0) * ticketsPerPlace;
  }

  function handOut(): void {
    for (const worker of workers) {
      while (worker.freePlaces() > 0) {
        const body = waiting.shift();
        if (body === undefined) return;
        worker.work(isTicket(body) ? body : undefined);
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
      addDead(body, error.message);
      return false;
    }
  }

  function addDead(body: string, cause: string): void {
    dead = [...dead, toDeadLetter({ id: randomUUID(), body, cause, at: new Date().toISOString() })];
    dead = dead.slice(-maxDeadLetters);
  }

  function takeBack(unfinishedTicket: string | undefined): void {
    if (unfinishedTicket !== undefined && waiting.length < mostWaiting()) waiting.push(unfinishedTicket);
    handOut();
  }

  function setPlaces(worker: JobWorker, places: number): void {
    for (let left = worker.setPlaces(places); left > 0; left -= 1) worker.work();
    dropSpareTickets();
  }

  function dropSpareTickets(): void {
    waiting.length = Math.min(waiting.length, mostWaiting());
  }

  async function stop(worker: JobWorker): Promise<void> {
    workers.delete(worker);
    dropSpareTickets();
    await worker.stop();
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
      const worker = createJobWorker(handler, { onError, onReturn: takeBack });
      workers.add(worker);
      setPlaces(worker, places);
      return {
        setPlaces(wanted) {
          if (workers.has(worker)) setPlaces(worker, wanted);
        },
        stop: () => stop(worker),
      };
    },

    async bury(ticket, cause) {
      refuseIfClosed();
      addDead(JSON.stringify(ticket), cause);
    },

    async deadLetters() {
      refuseIfClosed();
      return dead;
    },

    async dropDeadLetters(ids) {
      refuseIfClosed();
      const before = dead.length;
      dead = dead.filter(({ id }) => !ids.includes(id));
      return before - dead.length;
    },

    async close() {
      closed = true;
      await Promise.all([...workers].map(stop));
    },
  };
}
