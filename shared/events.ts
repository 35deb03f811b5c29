import { z } from 'zod';
import {
  conversionSchema,
  notificationSchema,
  openConversionSchema,
  openNotificationSchema,
  revisionSchema,
} from './api.ts';

/** What a server tells its clients as it happens: the frames of the WebSocket and of the private channel alike. */
export const serverEventSchema = z
  .discriminatedUnion('type', [
    z.object({ type: z.literal('conversion'), conversion: conversionSchema }),
    z.object({ type: z.literal('removed'), ids: z.array(z.string()) }),
    /** At most 5 a second for one conversion. Transient: may be dropped, is never queued. */
    z.object({
      type: z.literal('progress'),
      id: z.string(),
      /** Of the conversion, as its converter last wrote it. */
      revision: revisionSchema,
      progress: z.number().min(0).max(1),
      /** Absent while nothing can be said yet. */
      etaSeconds: z.number().nonnegative().optional(),
      /** Seconds of sound a second. */
      speed: z.number().nonnegative().optional(),
    }),
    z.object({ type: z.literal('notification'), notification: notificationSchema }),
    z.object({ type: z.literal('read'), ids: z.array(z.string()) }),
  ])
  .meta({ id: 'ServerEvent' });

const [conversionEventSchema, removedEventSchema, progressEventSchema, notificationEventSchema, readEventSchema] =
  serverEventSchema.options;
/** As clients read it: with the codes of a newer server. A client skips an event of a type that it does not know. */
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

/** The first frame on every WebSocket: with it, a client that was away is right again. */
export const helloSchema = z
  .object({
    type: z.literal('hello'),
    /** Those that have not ended, and all that changed since the client's position. */
    conversions: z.array(conversionSchema),
    /** Ids of those that went since then. */
    removed: z.array(z.string()),
    /** Those that were made or read since then. */
    notifications: z.array(notificationSchema),
    /** An opaque position, to be given as `since` the next time. */
    at: z.string(),
    /** True when not all is here: the client must list. */
    truncated: z.boolean(),
  })
  .meta({ id: 'Hello' });

/** As clients read it. */
const openHelloSchema = helloSchema.extend({
  conversions: z.array(openConversionSchema),
  notifications: z.array(openNotificationSchema),
});
export type Hello = z.infer<typeof openHelloSchema>;

/** `since`: the `at` of an earlier `hello`. */
export const sinceSchema = z.string().min(1).max(200);
/** What a client sends first that could not set an `Authorization` header. */
export const socketSignInSchema = z.strictObject({
  type: z.literal('auth'),
  token: z.string().min(1).max(4096),
  since: sinceSchema.optional(),
});

/** Everything that a WebSocket carries to a client. */
export const socketFrameSchema = z.union([helloSchema, serverEventSchema]);
/** As clients read it. */
export const openSocketFrameSchema = z.union([openHelloSchema, openServerEventSchema]);
export type SocketFrame = z.infer<typeof openSocketFrameSchema>;
/** Why the server ends a WebSocket (RFC 6455 gives 4000–4999 to applications): the token has ended. */
export const socketTokenEnded = 4401;
