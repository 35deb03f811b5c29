import { z } from 'zod';
import {
  conversionSchema,
  notificationSchema,
  openConversionSchema,
  openNotificationSchema,
  revisionSchema,
} from './api.ts';

/** An event that a server sends to its clients, over the WebSocket and over the private channel. */
export const serverEventSchema = z
  .discriminatedUnion('type', [
    z.object({ type: z.literal('conversion'), conversion: conversionSchema }),
    z.object({ type: z.literal('removed'), ids: z.array(z.string()) }),
    /** At most 5 per second for each conversion. Progress is not queued and may be dropped. */
    z.object({
      type: z.literal('progress'),
      id: z.string(),
      /** The conversion's revision, as its converter last wrote it. */
      revision: revisionSchema,
      progress: z.number().min(0).max(1),
      /** Absent if it is not known yet. */
      etaSeconds: z.number().nonnegative().optional(),
      /** Seconds of audio per second. */
      speed: z.number().nonnegative().optional(),
    }),
    z.object({ type: z.literal('notification'), notification: notificationSchema }),
    z.object({ type: z.literal('read'), ids: z.array(z.string()) }),
  ])
  .meta({ id: 'ServerEvent' });

const [conversionEventSchema, removedEventSchema, progressEventSchema, notificationEventSchema, readEventSchema] =
  serverEventSchema.options;
/** As clients parse it: with codes of a newer server. A client ignores events of unknown types. */
export const openServerEventSchema = z.discriminatedUnion('type', [
  conversionEventSchema.extend({ conversion: openConversionSchema }),
  removedEventSchema,
  progressEventSchema,
  notificationEventSchema.extend({ notification: openNotificationSchema }),
  readEventSchema,
]);
export type ServerEvent = z.infer<typeof openServerEventSchema>;
/** The `type` of every event. */
export const eventKinds = serverEventSchema.options.map(({ shape }) => shape.type.value);
export type ProgressEvent = Extract<ServerEvent, { type: 'progress' }>;

/** The first frame on every WebSocket. It brings a client that was away up to date. */
export const helloSchema = z
  .object({
    type: z.literal('hello'),
    /** All that have not ended, and all that changed since the client's change position. */
    conversions: z.array(conversionSchema),
    /** Ids of conversions that were removed since then. */
    removed: z.array(z.string()),
    /** Notifications that were created or read since then. */
    notifications: z.array(notificationSchema),
    /** An opaque change position, to send as `since` the next time. */
    at: z.string(),
    /** True if this is incomplete, so the client must list. */
    truncated: z.boolean(),
  })
  .meta({ id: 'Hello' });

/** As clients parse it. */
const openHelloSchema = helloSchema.extend({
  conversions: z.array(openConversionSchema),
  notifications: z.array(openNotificationSchema),
});
export type Hello = z.infer<typeof openHelloSchema>;

/** Sent with each ping. The client has been told of everything up to this change position, on this connection or before. */
export const atSchema = z.object({ type: z.literal('at'), at: z.string() }).meta({ id: 'At' });

/** `since`: the latest `at` that the client has received. */
export const sinceSchema = z.string().min(1).max(200);
/** The first message of a client that could not set an `Authorization` header. */
export const socketSignInSchema = z.strictObject({
  type: z.literal('auth'),
  token: z.string().min(1).max(4096),
  since: sinceSchema.optional(),
});

/** Any frame that a WebSocket sends to a client. */
export const socketFrameSchema = z.union([helloSchema, atSchema, serverEventSchema]);
/** As clients parse it. */
export const openSocketFrameSchema = z.union([openHelloSchema, atSchema, openServerEventSchema]);
export type SocketFrame = z.infer<typeof openSocketFrameSchema>;

/** The events that a frame brings: itself, everything in a hello, or none. */
export function eventsIn(frame: SocketFrame): readonly ServerEvent[] {
  if (frame.type === 'at') return [];
  if (frame.type !== 'hello') return [frame];
  return [
    ...(frame.removed.length > 0 ? [{ type: 'removed' as const, ids: frame.removed }] : []),
    ...frame.conversions.map((conversion) => ({ type: 'conversion' as const, conversion })),
    ...frame.notifications.map((notification) => ({ type: 'notification' as const, notification })),
  ];
}

/** The close code for a token that has expired or was revoked (RFC 6455 reserves 4000–4999 for applications). */
export const socketTokenEnded = 4401;
