import { isAppError } from '../../shared/errors.ts';
import { parseTicket, type Ticket } from '../messages.ts';

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

/** A message that nobody works on any more: it is no ticket, or the conversion that it names ended whatever worked on it. */
export interface DeadLetter {
  /** Names it among the dead letters of its queue. */
  readonly id: string;
  /** At most {@link maxDeadLetterBytes} of the message, as UTF-8. */
  readonly body: string;
  /** Why it is dead, as a sentence. */
  readonly cause: string;
  /** The conversion that it names; absent if it is no ticket. */
  readonly conversionId?: string;
  /** When it died (ISO 8601), by the clock of the process that found it. Absent if that is not known. */
  readonly at?: string;
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
 * - A message that is no ticket becomes a dead letter. The place that took it runs the handler as well, because while the message
 *   waited, it may have kept a ticket out.
 * - A new place runs the handler once without a ticket, so no work is lost if the queue is lost.
 */
export interface JobQueue {
  /** Resolves with false, and adds nothing, if enough tickets wait. Throws `unavailable`. */
  publish(ticket: Ticket): Promise<boolean>;

  /** Throws `unavailable`. */
  consume(handler: JobHandler, options: { readonly places: number }): Promise<Consumer>;

  /** Adds a dead letter that names this conversion. `cause` is a sentence. Throws `unavailable`. */
  bury(ticket: Ticket, cause: string): Promise<void>;

  /** The latest dead letters, oldest first. Throws `unavailable`. */
  deadLetters(): Promise<readonly DeadLetter[]>;

  /** Removes the dead letters with these ids. Resolves with how many there were. Throws `unavailable`. */
  dropDeadLetters(ids: readonly string[]): Promise<number>;

  /** Stops every consumer. */
  close(): Promise<void>;
}

/** The dead letter that is made of a message. */
export function toDeadLetter({ body, ...letter }: Omit<DeadLetter, 'conversionId'>): DeadLetter {
  const kept = Buffer.from(body).subarray(0, maxDeadLetterBytes);
  const conversionId = conversionOf(body);
  return {
    ...letter,
    // Decoded as part of a stream, so that an incomplete character at the end is left out.
    body: new TextDecoder().decode(kept, { stream: true }),
    ...(conversionId === undefined ? {} : { conversionId }),
  };
}

function conversionOf(body: string): string | undefined {
  try {
    return parseTicket(body).conversionId;
  } catch (error) {
    if (isAppError(error)) return undefined;
    throw error;
  }
}
