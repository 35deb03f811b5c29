import { z } from 'zod';
import { AppError } from '../shared/errors.ts';
import type { ServerEvent } from '../shared/events.ts';

/**
 * A message of the queues `video` (a conversion is queued) and `mp3` (one has ended). It says that there is work, and which row
 * caused it. Whoever takes it decides by the rows what to do.
 */
const ticketSchema = z.strictObject({ conversionId: z.string().min(1).max(200) });
export type Ticket = z.infer<typeof ticketSchema>;

/** Parses a message that was taken off a queue. Throws `bad_request`, whose sentence says what is wrong with it. */
export function parseTicket(body: string): Ticket {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch (error) {
    throw new AppError('bad_request', 'The message is not JSON.', { cause: error });
  }
  const { success, data, error } = ticketSchema.safeParse(value);
  if (success) return data;
  // Without the cause: it names every unknown field, and those can be as long as the message.
  const field = error.issues[0]?.path.join('.') || 'shape';
  throw new AppError('bad_request', `The message is no ticket: its ${field} does not fit.`);
}

/** What the event bus carries: an event and whose it is. */
export interface OwnedEvent {
  readonly owner: string;
  readonly event: ServerEvent;
}

/** The account that acts over the private channel of the embedded backend. It cannot sign in. */
export const localAccountId = 'local';
