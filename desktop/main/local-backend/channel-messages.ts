import { z } from 'zod';
import { type AppError, isAppError, toKnownError } from '../../../shared/errors.ts';
import { openServerEventSchema } from '../../../shared/events.ts';
import { type LocalCallName, localCalls } from '../../../shared/local-channel.ts';
import { failure } from '../../../shared/words/failure-sentence.ts';
import { placesSchema } from './backend-start.ts';

/** The messages between the app and its backend's process, in both directions. The calls are listed in `localCalls`. */

const callNames = Object.keys(localCalls) as [LocalCallName, ...LocalCallName[]];

/** From the app. */
export const channelRequestSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('call'), number: z.int(), name: z.enum(callNames), args: z.array(z.unknown()) }),
  /** Sets how many videos the backend converts at the same time. */
  z.strictObject({ type: z.literal('places'), places: placesSchema }),
  /** Asks the backend to stop its conversions, which stay queued, and to end. */
  z.strictObject({ type: z.literal('end') }),
]);
export type ChannelRequest = z.infer<typeof channelRequestSchema>;

/** An AppError as plain data, without its cause, which is in the log of the process that threw it. */
const failureSchema = z.object({
  code: z.string(),
  message: z.string(),
  details: z.record(z.string(), z.number()).optional(),
});
export type ChannelFailure = z.infer<typeof failureSchema>;

/** From the backend's process. */
export const channelAnswerSchema = z.discriminatedUnion('type', [
  /** The first message: the backend takes calls from now on. */
  z.object({ type: z.literal('ready') }),
  /** Sent every few seconds from the start. */
  z.object({ type: z.literal('alive') }),
  /** Sent instead of `ready`: the backend could not start, and ends. */
  z.object({ type: z.literal('broken'), failure: failureSchema }),
  z.object({ type: z.literal('answer'), number: z.int(), value: z.unknown() }),
  z.object({ type: z.literal('failure'), number: z.int(), failure: failureSchema }),
  z.object({ type: z.literal('event'), event: openServerEventSchema }),
]);
export type ChannelAnswer = z.infer<typeof channelAnswerSchema>;

/** How often the backend's process says that it is alive. */
export const aliveEverySeconds = 2;

/** One end of a message port of any kind. Messages are plain data. */
export interface ChannelPort {
  post(message: unknown): void;
  /** To be called once. Messages that arrived before are delivered then. */
  listen(onMessage: (message: unknown) => void, onClose: () => void): void;
  close(): void;
}

export function toFailure(error: unknown): ChannelFailure {
  const { code, message, details } = isAppError(error) ? error : failure('internal');
  return { code, message, ...(details === undefined ? {} : { details: { ...details } }) };
}

export function fromFailure(failure: ChannelFailure): AppError {
  return toKnownError(failure);
}
