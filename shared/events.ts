import { z } from 'zod';
import { conversionSchema, notificationSchema } from './api.ts';

/** What a server tells its clients as it happens: the frames of the WebSocket and of the private channel alike. */
export const serverEventSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('conversion'), conversion: conversionSchema }),
  z.object({ type: z.literal('removed'), ids: z.array(z.string()) }),
  /** At most 5 a second for one conversion. Transient: may be dropped, is never queued. */
  z.object({
    type: z.literal('progress'),
    id: z.string(),
    progress: z.number().min(0).max(1),
    /** Absent while nothing can be said yet. */
    etaSeconds: z.number().nonnegative().optional(),
    /** Seconds of sound a second. */
    speed: z.number().nonnegative().optional(),
  }),
  z.object({ type: z.literal('notification'), notification: notificationSchema }),
  z.object({ type: z.literal('read'), ids: z.array(z.string()) }),
]);
export type ServerEvent = z.infer<typeof serverEventSchema>;
export type ProgressEvent = Extract<ServerEvent, { type: 'progress' }>;
