import { z } from 'zod';
import { AppError } from '../shared/errors.ts';
import type { ServerEvent } from '../shared/events.ts';

/**
 * A message of the queues `video` (a conversion is queued) and `mp3` (one has ended). It says that there is work, and
 * which row caused it. The consumer reads the rows to decide what to do.
 */
const ticketSchema = z.strictObject({ conversionId: z.string().min(1).max(200) });
export type Ticket = z.infer<typeof ticketSchema>;

/** Parses a message from a queue. Throws `bad_request` with a message that says what is wrong. */
export function parseTicket(body: string): Ticket {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch (error) {
    throw new AppError('bad_request', 'The message is not JSON.', { cause: error });
  }
  const { success, data, error } = ticketSchema.safeParse(value);
  if (success) return data;
  // The cause is left out: it names every unknown field, which can be as long as the message.
  const field = error.issues[0]?.path.join('.') || 'shape';
  throw new AppError('bad_request', `The message is not a valid ticket: its ${field} does not fit.`);
}

/** An event for clients and its owner, as the event bus carries it. */
export interface OwnedEvent {
  readonly owner: string;
  readonly event: ServerEvent;
}

/** Messages between services over the event bus. They never reach a client. */
export type InternalMessage =
  /** To the holder of the lease on this conversion: the lease may be lost, so read the row now. */
  | { readonly type: 'look_now'; readonly conversionId: string }
  /** To the mail outbox: a mail is due. */
  | { readonly type: 'mail_due' }
  /** To the request that writes this upload: another request wants to continue it. `asker` names that request. */
  | { readonly type: 'give_way'; readonly conversionId: string; readonly asker: string }
  /** The answer if the writer does not give way. */
  | { readonly type: 'busy'; readonly conversionId: string; readonly asker: string }
  /** The answer after the writer has given way. */
  | { readonly type: 'given_way'; readonly conversionId: string }
  /** To the event sockets of the account: some of its sessions have ended, so check the token again. */
  | { readonly type: 'sessions_ended' };

/** An internal message and the account that it is about. */
export interface OwnedInternalMessage {
  readonly owner: string;
  readonly message: InternalMessage;
}

/** The account that acts over the private channel of the embedded backend. It cannot sign in. */
export const localAccountId = 'local';
