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

/** What the event bus carries to clients: an event and whose it is. */
export interface OwnedEvent {
  readonly owner: string;
  readonly event: ServerEvent;
}

/** What services tell each other over the event bus. No client ever sees one. */
export type InternalMessage =
  /** To whoever holds a lease on this conversion: it may be lost, look at the row now. */
  | { readonly type: 'look_now'; readonly conversionId: string }
  /** To the mail outbox: a mail is due. */
  | { readonly type: 'mail_due' }
  /** To the request that writes this upload: another request wants to go on with it. `asker` names that request. */
  | { readonly type: 'give_way'; readonly conversionId: string; readonly asker: string }
  /** The answer where the writer does not give way. */
  | { readonly type: 'busy'; readonly conversionId: string; readonly asker: string }
  /** The answer once it has given way. */
  | { readonly type: 'given_way'; readonly conversionId: string };

/** An internal message and the account that it is about. */
export interface OwnedInternalMessage {
  readonly owner: string;
  readonly message: InternalMessage;
}

/** The account that acts over the private channel of the embedded backend. It cannot sign in. */
export const localAccountId = 'local';
