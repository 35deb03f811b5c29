import { z } from 'zod';
import type { ServerEvent } from '../shared/events.ts';

/**
 * The message of the queues `video` (convert this) and `mp3` (this has ended; notify its owner). It contains only the
 * id, because the row is the truth.
 */
export const conversionMessageSchema = z.strictObject({ conversionId: z.string().min(1).max(200) });
export type ConversionMessage = z.infer<typeof conversionMessageSchema>;

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
  | { readonly type: 'given_way'; readonly conversionId: string };

/** An internal message and the account that it is about. */
export interface OwnedInternalMessage {
  readonly owner: string;
  readonly message: InternalMessage;
}

/** The account that acts over the private channel of the embedded backend. It cannot sign in. */
export const localAccountId = 'local';
