import { z } from 'zod';
import type { ServerEvent } from '../shared/events.ts';

/** What the queues `video` (convert this) and `mp3` (it has ended: tell its owner) carry: ids only, the row is the truth. */
export const conversionMessageSchema = z.strictObject({ conversionId: z.string().min(1).max(200) });
export type ConversionMessage = z.infer<typeof conversionMessageSchema>;

/** What the event bus carries: an event and whose it is. */
export interface OwnedEvent {
  readonly owner: string;
  readonly event: ServerEvent;
}

/** The account that acts over the private channel of the embedded backend. It cannot sign in. */
export const localAccountId = 'local';
