import { z } from 'zod';
import { AppError } from '../shared/errors.ts';
import { openServerEventSchema, type ServerEvent } from '../shared/events.ts';

/**
 * A message of the queues `video` (a conversion is queued) and `mp3` (one has ended). It says that there is work, and
 * which row caused it. The consumer reads the rows to decide what to do.
 */
const ticketSchema = z.strictObject({ conversionId: z.string().min(1).max(200) });
export type Ticket = z.infer<typeof ticketSchema>;

/** Parses a message from a queue. Throws `bad_request` with a message that says what is wrong. */
export function parseTicket(body: string): Ticket {
  return parseMessage(ticketSchema, body, 'ticket');
}

function parseMessage<Message>(schema: z.ZodType<Message>, body: string, called: string): Message {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch (error) {
    throw new AppError('bad_request', 'The message is not JSON.', { cause: error });
  }
  const { success, data, error } = schema.safeParse(value);
  if (success) return data;
  // The cause is left out: it names every unknown field, which can be as long as the message.
  const field = error.issues[0]?.path.join('.') || 'shape';
  throw new AppError('bad_request', `The message is not a valid ${called}: its ${field} does not fit.`);
}

/** An event for clients and its owner, as the event bus carries it. */
export interface OwnedEvent {
  readonly owner: string;
  readonly event: ServerEvent;
}

const conversionId = z.string();
/** Names the request that asks. */
const asker = z.string();
/** Messages between services over the event bus. They never reach a client. */
const internalMessageSchema = z.discriminatedUnion('type', [
  /** To the holder of the lease on this conversion: the lease may be lost, so read the row now. */
  z.object({ type: z.literal('look_now'), conversionId }),
  /** To the mail outbox: a mail is due. */
  z.object({ type: z.literal('mail_due') }),
  /** To the request that writes this upload: another request wants to continue it. */
  z.object({ type: z.literal('give_way'), conversionId, asker }),
  /** The answer if the writer does not give way. */
  z.object({ type: z.literal('busy'), conversionId, asker }),
  /** The answer after the writer has given way. */
  z.object({ type: z.literal('given_way'), conversionId }),
  /** To the event sockets of the account: some of its sessions have ended, so check the token again. */
  z.object({ type: z.literal('sessions_ended') }),
]);
export type InternalMessage = Readonly<z.infer<typeof internalMessageSchema>>;

/** An internal message and the account that it is about. */
export interface OwnedInternalMessage {
  readonly owner: string;
  readonly message: InternalMessage;
}

// Open, because a service of a newer version may send codes that this one does not know, and clients may know them.
const ownedEventSchema = z.object({ owner: z.string(), event: openServerEventSchema });
const ownedInternalMessageSchema = z.object({ owner: z.string(), message: internalMessageSchema });

/** Parses what another process sent over the event bus. Throws `bad_request`. */
export function parseOwnedEvent(body: string): OwnedEvent {
  return parseMessage(ownedEventSchema, body, 'event');
}

/** Parses what another process sent over the event bus. Throws `bad_request`. */
export function parseOwnedInternalMessage(body: string): OwnedInternalMessage {
  return parseMessage(ownedInternalMessageSchema, body, 'internal message');
}

/** The account that acts over the private channel of the embedded backend. It cannot sign in. */
export const localAccountId = 'local';
