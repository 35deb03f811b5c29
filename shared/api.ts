import { z } from 'zod';
import { conversionStates } from './conversion-states.ts';
import { conversionErrorCodes } from './errors.ts';
import { outputOptionsSchema } from './formats.ts';
import { maxNamedConversions } from './named-conversions.ts';

/** ISO 8601 in UTC. */
const timeSchema = z.iso.datetime().meta({ id: 'Time' });
const secondsSchema = z.number().nonnegative();
const bytesSchema = z.int().nonnegative();
const fractionSchema = z.number().min(0).max(1);

export const conversionStateSchema = z.enum(conversionStates);
export type ConversionState = z.infer<typeof conversionStateSchema>;

/** True for the states that a conversion does not leave by itself. */
export function hasEnded(state: ConversionState): boolean {
  return state === 'done' || state === 'failed' || state === 'cancelled';
}

/** Grows with every change. Of two reports about a conversion, the one with the higher revision is newer. */
export const revisionSchema = z.int().nonnegative();

/** An audio track of a source. `index` counts audio tracks only, from 0. */
export const trackSchema = z
  .object({
    index: z.int().nonnegative(),
    codec: z.string(),
    channels: z.int().nonnegative(),
    language: z.string().optional(),
    title: z.string().optional(),
  })
  .meta({ id: 'Track' });
export type Track = z.infer<typeof trackSchema>;

export const warningSchema = z
  .discriminatedUnion('code', [
    /** The source is cut short: its container states `ofSeconds` of audio, but has only `atSeconds`. */
    z.object({ code: z.literal('cut_short'), atSeconds: secondsSchema, ofSeconds: secondsSchema }),
    /** `count` parts could not be read, the first at `atSeconds`. */
    z.object({ code: z.literal('gaps'), atSeconds: secondsSchema, count: z.int().positive() }),
    /** More was added to the source while it was converted. */
    z.object({ code: z.literal('growing') }),
  ])
  .meta({ id: 'Warning' });
export type KnownWarning = z.infer<typeof warningSchema>;

const warningCodes: ReadonlySet<string> = new Set(warningSchema.options.map(({ shape }) => shape.code.value));
const unknownWarningSchema = z.looseObject({
  code: z.string().refine((code) => !warningCodes.has(code)),
  message: z.string().optional(),
});

/** As clients parse it. A warning of a newer server has a message that explains it. */
const openWarningSchema = z.union([warningSchema, unknownWarningSchema]);
export type Warning = z.infer<typeof openWarningSchema>;

export function isKnownWarning(warning: Warning): warning is KnownWarning {
  return warningCodes.has(warning.code);
}

export const conversionErrorSchema = z
  .object({
    code: z.enum(conversionErrorCodes),
    message: z.string(),
    details: z.record(z.string(), z.number()).optional(),
  })
  .meta({ id: 'ConversionError' });

/** As clients parse it: a newer server may send other codes. */
const openConversionErrorSchema = conversionErrorSchema.extend({ code: z.string() });
export type ConversionError = z.infer<typeof openConversionErrorSchema>;

export const resultSchema = z
  .object({
    fileName: z.string(),
    bytes: bytesSchema,
    durationSeconds: secondsSchema,
    /** Hexadecimal. */
    sha256: z.string(),
  })
  .meta({ id: 'Result' });
export type Result = z.infer<typeof resultSchema>;

/** A conversion: a video becoming an MP3. */
export const conversionSchema = z
  .object({
    id: z.string(),
    revision: revisionSchema,
    state: conversionStateSchema,
    fileName: z.string(),
    batchId: z.string().optional(),
    sourceBytes: bytesSchema,
    /** Duration of the chosen track, present once the source was read. */
    durationSeconds: secondsSchema.optional(),
    /** The number of conversions before it in the queue, while it is queued. */
    position: z.int().nonnegative().optional(),
    progress: fractionSchema,
    etaSeconds: secondsSchema.optional(),
    /** Starts at 1 and grows with each retry and each converter that was lost. */
    attempt: z.int().positive(),
    options: outputOptionsSchema,
    tracks: z.array(trackSchema).optional(),
    result: resultSchema.optional(),
    error: conversionErrorSchema.optional(),
    warnings: z.array(warningSchema),
    createdAt: timeSchema,
    updatedAt: timeSchema,
    /** When its files expire: the MP3 of a done conversion, the source of a failed or cancelled one. */
    expiresAt: timeSchema.optional(),
    /** Present only if a single conversion is requested: up to 400 peaks, 0–255, evenly spaced over the audio. */
    peaks: z.array(z.int().min(0).max(255)).max(400).optional(),
  })
  .meta({ id: 'Conversion' });

/** As clients parse it: with errors and warnings of a newer server. */
export const openConversionSchema = conversionSchema.extend({
  error: openConversionErrorSchema.optional(),
  warnings: z.array(openWarningSchema),
});
export type Conversion = z.infer<typeof openConversionSchema>;

/**
 * A notification in the app, one for each batch. Clients make their own text from kind, counts and codes; `message` is
 * for scripts.
 */
export const notificationSchema = z
  .object({
    id: z.string(),
    kind: z.enum(['one', 'batch']),
    batchId: z.string(),
    /** The oldest of the conversions that it is about; `counts` counts all of them. */
    conversionIds: z.array(z.string()).max(maxNamedConversions),
    counts: z.object({
      done: z.int().nonnegative(),
      failed: z.int().nonnegative(),
      /** The number of done conversions with warnings. */
      warned: z.int().nonnegative(),
    }),
    /** Duration of all MP3s together. */
    seconds: secondsSchema,
    /** Size of all MP3s together. */
    bytes: bytesSchema,
    mail: z.enum(['sent', 'refused', 'gave_up']).optional(),
    message: z.string(),
    createdAt: timeSchema,
    readAt: timeSchema.optional(),
  })
  .meta({ id: 'Notification' });

/** As clients parse it: with kinds of a newer server, and with as many ids as an older one sends. */
export const openNotificationSchema = notificationSchema.extend({
  kind: z.string(),
  conversionIds: z.array(z.string()),
  mail: z.string().optional(),
});
export type Notification = z.infer<typeof openNotificationSchema>;

/** A page of a list. `next` is the cursor of the next page, absent on the last one. */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly next?: string;
}

function pageSchema<Item extends z.ZodType>(itemSchema: Item) {
  return z.object({ items: z.array(itemSchema), next: z.string().optional() });
}
export const conversionsPageSchema = pageSchema(conversionSchema).meta({ id: 'ConversionsPage' });
export const notificationsPageSchema = pageSchema(notificationSchema).meta({ id: 'NotificationsPage' });
export const openConversionsPageSchema = pageSchema(openConversionSchema);
export const openNotificationsPageSchema = pageSchema(openNotificationSchema);

/** The most items on a page. */
export const maxPageItems = 100;
const defaultPageItems = 50;

/** A number in a query string: digits only. */
const limitSchema = z.preprocess(
  (text) => (typeof text === 'string' && /^[0-9]{1,9}$/.test(text) ? Number(text) : text),
  z.int().min(1).max(maxPageItems),
);
const pageQuery = {
  limit: limitSchema.default(defaultPageItems),
  cursor: z.string().min(1).max(200).optional(),
};
/** A flag in a query string. */
const flagSchema = z.enum(['true', 'false', '1', '0', '']).transform((text) => text !== 'false' && text !== '0');

export const conversionsQuerySchema = z.object({
  ...pageQuery,
  state: conversionStateSchema.optional(),
  batchId: z.string().min(1).max(200).optional(),
});
export const notificationsQuerySchema = z.object({ ...pageQuery, unread: flagSchema.optional() });

export const retryRequestSchema = z.strictObject({ options: outputOptionsSchema.optional() });

const addressSchema = z.email({ error: 'an e-mail address is expected' });
/**
 * The pattern is for the OpenAPI description, which would otherwise state only the length, because the text is trimmed
 * and lowered first.
 */
const emailSchema = z
  .string()
  .trim()
  .toLowerCase()
  .max(254)
  .pipe(addressSchema)
  .meta({ pattern: z.toJSONSchema(addressSchema).pattern });
/** At least eight characters. The upper bound limits the cost of hashing. */
const passwordSchema = z.string().min(8, 'at least 8 characters are expected').max(1024);

export const credentialsSchema = z.strictObject({ email: emailSchema, password: passwordSchema });
export type Credentials = z.infer<typeof credentialsSchema>;

/** A password to check. It may be any text, so that the answer to a wrong one is always the same. */
const claimedPasswordSchema = z.string().min(1).max(1024);
/** A mailed code. A person types it, so spaces around it are ignored. */
const codeSchema = z.string().trim().min(1).max(64).meta({ pattern: '\\S' });

export const signInRequestSchema = z.strictObject({ email: z.string().max(254), password: claimedPasswordSchema });
export const refreshRequestSchema = z.strictObject({ refreshToken: z.string().min(1).max(1024) });
/** The tokens of a signed-in client. */
export const sessionSchema = z
  .object({
    accessToken: z.string(),
    /** When the access token expires. */
    expiresAt: timeSchema,
    /** Works once and is exchanged for the next pair. */
    refreshToken: z.string(),
  })
  .meta({ id: 'Session' });
export type Session = z.infer<typeof sessionSchema>;

/** An account, as shown to its owner. */
export const accountSchema = z
  .object({
    email: z.string(),
    admin: z.boolean(),
    /** True if the owner has proved that mail to this address arrives. */
    confirmed: z.boolean(),
    /** Whether finished batches are mailed. */
    mail: z.boolean(),
  })
  .meta({ id: 'Account' });
export type Account = z.infer<typeof accountSchema>;

export const accountChangesSchema = z.strictObject({ mail: z.boolean() });
/** Without a code, the server mails a new one. */
export const confirmRequestSchema = z.strictObject({ code: codeSchema.optional() });
export const passwordChangeSchema = z.strictObject({ old: claimedPasswordSchema, new: passwordSchema });
export const accountRemovalSchema = z.strictObject({ password: claimedPasswordSchema });
export const resetRequestSchema = z.strictObject({ email: emailSchema });
export const resetConfirmationSchema = z.strictObject({
  email: emailSchema,
  code: codeSchema,
  password: passwordSchema,
});

/** The limits of a server. A client reads them before it uploads. */
export const serverInfoSchema = z
  .object({
    version: z.string(),
    signUp: z.enum(['open', 'closed']),
    /** Whether this server can send mail. */
    mail: z.boolean(),
    maxUploadBytes: bytesSchema,
    maxDurationSeconds: secondsSchema,
  })
  .meta({ id: 'ServerInfo' });
export type ServerInfo = z.infer<typeof serverInfoSchema>;

/** Groups conversions into a batch, which gets one notification. */
export const batchSchema = z.object({
  batchId: z.string().min(1).max(200),
  /** The number of conversions in the batch, if the client knows it. */
  batchSize: z.int().positive().max(1_000_000).optional(),
});
export type Batch = z.infer<typeof batchSchema>;

/** RFC 9457. */
export const problemSchema = z
  .object({
    type: z.literal('about:blank'),
    title: z.string(),
    status: z.int(),
    code: z.string(),
    detail: z.string(),
    details: z.record(z.string(), z.number()).optional(),
  })
  .meta({ id: 'Problem' });
export type Problem = z.infer<typeof problemSchema>;
