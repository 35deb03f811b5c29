import { z } from 'zod';
import { batchSchema, openConversionSchema, openNotificationSchema } from '../../../shared/api.ts';
import { type AppError, isAppError, toKnownError } from '../../../shared/errors.ts';
import { openServerEventSchema } from '../../../shared/events.ts';
import { outputOptionsSchema } from '../../../shared/formats.ts';
import { placesSchema } from './backend-start.ts';

/** What crosses the port between the app and its backend's process, both ways. */

const idSchema = z.string().min(1).max(200);
const submissionSchema = z.strictObject({
  ...batchSchema.partial().shape,
  id: idSchema.optional(),
  path: z.string().min(1),
  fileName: z.string().min(1),
  options: outputOptionsSchema,
});
const localResultSchema = z.object({ path: z.string(), bytes: z.int().nonnegative(), sha256: z.string() });

/** The calls of a `LocalChannel`: their arguments and their answers. */
export const channelCalls = {
  submit: { args: z.tuple([submissionSchema]), answer: openConversionSchema },
  get: { args: z.tuple([idSchema]), answer: openConversionSchema },
  result: { args: z.tuple([idSchema]), answer: localResultSchema },
  cancel: { args: z.tuple([idSchema]), answer: openConversionSchema },
  retry: { args: z.tuple([idSchema, outputOptionsSchema.optional()]), answer: openConversionSchema },
  remove: { args: z.tuple([idSchema]), answer: z.undefined() },
  clear: { args: z.tuple([]), answer: z.undefined() },
  notifications: { args: z.tuple([]), answer: z.array(openNotificationSchema) },
  markRead: { args: z.tuple([z.array(idSchema).max(1000)]), answer: z.undefined() },
} as const;

export type ChannelCallName = keyof typeof channelCalls;

const callNames = Object.keys(channelCalls) as [ChannelCallName, ...ChannelCallName[]];

/** From the app. */
export const channelRequestSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('call'), number: z.int(), name: z.enum(callNames), args: z.array(z.unknown()) }),
  /** From now on, converts so many videos at the same time. */
  z.strictObject({ type: z.literal('places'), places: placesSchema }),
  /** Gives back what runs, and ends. */
  z.strictObject({ type: z.literal('end') }),
]);
export type ChannelRequest = z.infer<typeof channelRequestSchema>;

/** An AppError as plain data, without its cause: that is in the log of where it came from. */
const failureSchema = z.object({
  code: z.string(),
  message: z.string(),
  details: z.record(z.string(), z.number()).optional(),
});
export type ChannelFailure = z.infer<typeof failureSchema>;

/** From the backend's process. */
export const channelAnswerSchema = z.discriminatedUnion('type', [
  /** The first one: it takes calls from now on. */
  z.object({ type: z.literal('ready') }),
  /** Instead: it could not start, and ends. */
  z.object({ type: z.literal('broken'), failure: failureSchema }),
  z.object({ type: z.literal('answer'), number: z.int(), value: z.unknown() }),
  z.object({ type: z.literal('failure'), number: z.int(), failure: failureSchema }),
  z.object({ type: z.literal('event'), event: openServerEventSchema }),
]);
export type ChannelAnswer = z.infer<typeof channelAnswerSchema>;

/** One end of a message port, whichever of the several kinds. Messages are plain data. */
export interface ChannelPort {
  post(message: unknown): void;
  /** To be called once: messages that came before are told then. */
  listen(onMessage: (message: unknown) => void, onClose: () => void): void;
  close(): void;
}

export function toFailure(error: unknown): ChannelFailure {
  if (!isAppError(error)) return { code: 'internal', message: 'Something went wrong inside Soundlift.' };
  const { code, message, details } = error;
  return { code, message, ...(details === undefined ? {} : { details: { ...details } }) };
}

export function fromFailure(failure: ChannelFailure): AppError {
  return toKnownError(failure);
}
