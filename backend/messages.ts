import { z } from 'zod';
import type { ServerEvent } from '../shared/events.ts';

/** What the queues `video` (convert this) and `mp3` (it has ended: tell its owner) carry: ids only, the row is the truth. */
export const conversionMessageSchema = z.strictObject({ conversionId: z.string().min(1).max(200) });
export type ConversionMessage = z.infer<typeof conversionMessageSchema>;

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
