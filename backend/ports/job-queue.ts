import type { AppError } from '../../shared/errors.ts';
import type { Ticket } from '../messages.ts';

/** Room for one job at a consumer that is running. */
export interface Place {
  /** Fires when the consumer is stopped. */
  readonly signal: AbortSignal;
  /**
   * To be called before each piece of work. Returns false once the consumer has been stopped or has fewer places. The place then
   * no longer exists, and its handler must return.
   */
  mayGoOn(): boolean;
}

/** Works until no work is left, or until `mayGoOn` returns false. An error that it throws is logged, and the place remains. */
export type JobHandler = (place: Place) => Promise<void>;

export interface Consumer {
  /** Running jobs are never interrupted. With fewer places, surplus jobs end after their current piece of work. */
  setPlaces(places: number): void;
  /**
   * Takes no more tickets, fires the signal of every place, and resolves when all handlers have returned. The tickets of those
   * jobs are left for other consumers, because their work may not have been done.
   */
  stop(): Promise<void>;
}

/** A message that is no ticket. */
export interface DeadLetter {
  /** At most {@link maxDeadLetterBytes} of the message, as UTF-8. */
  readonly body: string;
  /** Why it is no ticket, as a sentence. */
  readonly cause: string;
}

/**
 * The largest number of waiting tickets for each place. One would be enough; two keep every place busy while tickets are in
 * transit.
 */
export const ticketsPerPlace = 2;
/** A queue keeps this many of its latest dead letters. */
export const maxDeadLetters = 1000;
export const maxDeadLetterBytes = 1000;

/**
 * A queue of tickets. A ticket means that there is work; the rows say which. So it does not matter which ticket a place takes, or
 * whether tickets are lost, repeated or late:
 *
 * - A producer of work writes the row first and publishes a ticket after it. If enough tickets wait, none is added: the place that
 *   later takes one of those finds the row as well.
 * - A free place takes one ticket, acknowledges it at once and runs the handler. It takes no other ticket until the handler returns.
 * - A new place runs the handler once without a ticket, so no work is lost if the queue is lost.
 */
export interface JobQueue {
  /** Resolves with false, and adds nothing, if enough tickets wait. Throws `unavailable`. */
  publish(ticket: Ticket): Promise<boolean>;

  /** Throws `unavailable`. */
  consume(handler: JobHandler, options: { readonly places: number }): Promise<Consumer>;

  /** The latest messages that were no tickets, oldest first. Throws `unavailable`. */
  deadLetters(): Promise<readonly DeadLetter[]>;

  /** Stops every consumer. */
  close(): Promise<void>;
}

/** The dead letter for a message that `parseTicket` refused. */
export function toDeadLetter(body: string, refusal: AppError): DeadLetter {
  const kept = Buffer.from(body).subarray(0, maxDeadLetterBytes);
  // Decoded as part of a stream, so that an incomplete character at the end is left out.
  return { body: new TextDecoder().decode(kept, { stream: true }), cause: refusal.message };
}
