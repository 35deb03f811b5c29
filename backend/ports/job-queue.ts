import type { AppError } from '../../shared/errors.ts';
import type { Ticket } from '../messages.ts';

/** Room for one job at a consumer, while it works. */
export interface Place {
  /** Fires when the consumer is stopped. */
  readonly signal: AbortSignal;
  /**
   * Asked before each piece of work: false once the consumer has been stopped or has fewer places. The place is gone then, and its
   * handler returns.
   */
  mayGoOn(): boolean;
}

/** Works until no work is left, or until the place may not go on. An error that it throws is logged; the place stays. */
export type JobHandler = (place: Place) => Promise<void>;

export interface Consumer {
  /** Jobs that run are never cut off: with fewer places, those that are too many end after their current piece of work. */
  setPlaces(places: number): void;
  /**
   * Takes no more tickets, fires the signal of every place, and resolves when all handlers have returned. The tickets of those jobs
   * are left to other consumers: their work may not have been done.
   */
  stop(): Promise<void>;
}

/** A message that is no ticket. */
export interface DeadLetter {
  /** At most {@link maxDeadLetterBytes} of it, as UTF-8. */
  readonly body: string;
  /** Why it is no ticket: a sentence. */
  readonly cause: string;
}

/** So many tickets wait at most for each place. One would do; two keep every place busy while tickets are on their way. */
export const ticketsPerPlace = 2;
/** A queue keeps this many of its latest dead letters. */
export const maxDeadLetters = 1000;
export const maxDeadLetterBytes = 1000;

/**
 * A queue of tickets. A ticket says that there is work; the rows say which. So it does not matter which ticket a place takes, or
 * that tickets are lost, repeated or late:
 *
 * - Whoever makes work writes the row first and publishes a ticket after it. If enough tickets wait, none is added: the place that
 *   takes one of those later finds the row as well.
 * - A free place takes one ticket, acknowledges it at once and runs the handler. It takes no other ticket until that returns.
 * - A new place runs the handler once without a ticket, so a queue that was lost loses no work.
 */
export interface JobQueue {
  /** Resolves with false where it adds nothing because enough tickets wait. Throws `unavailable`. */
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
  // As part of a stream, so that a character that was cut is left out.
  return { body: new TextDecoder().decode(kept, { stream: true }), cause: refusal.message };
}
