import { z } from 'zod';
import { batchSchema, openConversionSchema, openNotificationSchema } from './api.ts';
import type { ServerEvent } from './events.ts';
import { outputOptionsSchema } from './formats.ts';

const idSchema = z.string().min(1).max(200);

const localSubmissionSchema = z.strictObject({
  /** A UUID that the client chooses. Submitting it again, after a crash, makes no second conversion. */
  id: idSchema,
  /** Absolute path. The file is read in place. */
  path: z.string().min(1),
  /** The file name of the source. The name of the MP3 is made from it. */
  fileName: z.string().min(1),
  options: outputOptionsSchema,
  batchId: batchSchema.shape.batchId.exactOptional(),
  batchSize: batchSchema.shape.batchSize,
});
export type LocalSubmission = Readonly<z.infer<typeof localSubmissionSchema>>;

/** A finished MP3 in the backend's storage on this computer. The file must not be written to. */
const localResultSchema = z.object({
  /** Absolute path. */
  path: z.string(),
  bytes: z.int().nonnegative(),
  /** Hexadecimal. */
  sha256: z.string(),
});

export interface LocalCall {
  readonly args: z.ZodTuple;
  readonly answer: z.ZodType;
  /**
   * A call is repeated if the backend's process dies before it has answered. The first call may have succeeded; the second one is then
   * refused with `wrong_state` or `not_found`. This says what to return instead: the current conversion, or nothing. If absent, the
   * refusal is thrown.
   */
  readonly refusedAgain?: 'get' | 'nothing';
}

/**
 * The calls of the embedded backend's private channel, with the schemas of their arguments and answers. Both ends of the channel are
 * made from this table. Arguments and answers are plain data, so that they can be posted to another process. Every call throws an
 * AppError: `not_found`, `wrong_state` or `gone` for a conversion that does not exist, is in another state, or no longer exists.
 */
export const localCalls = {
  /** Converts the file at its path. Throws `source_missing`, `source_unreadable` or `not_media`. */
  submit: { args: z.tuple([localSubmissionSchema]), answer: openConversionSchema },
  get: { args: z.tuple([idSchema]), answer: openConversionSchema },
  result: { args: z.tuple([idSchema]), answer: localResultSchema },
  cancel: { args: z.tuple([idSchema]), answer: openConversionSchema, refusedAgain: 'get' },
  retry: {
    args: z.tuple([idSchema, outputOptionsSchema.optional()]),
    answer: openConversionSchema,
    refusedAgain: 'get',
  },
  remove: { args: z.tuple([idSchema]), answer: z.void(), refusedAgain: 'nothing' },
  /** Removes all conversions that have ended. */
  clear: { args: z.tuple([]), answer: z.void() },
  /** The latest notifications, newest first. */
  notifications: { args: z.tuple([]), answer: z.array(openNotificationSchema).readonly() },
  markRead: { args: z.tuple([z.array(idSchema).max(1000).readonly()]), answer: z.void() },
} as const satisfies Readonly<Record<string, LocalCall>>;

export type LocalCallName = keyof typeof localCalls;
type Calls = typeof localCalls;

/** One async function for each entry of the table. */
export type LocalCalls = {
  readonly [Name in LocalCallName]: (
    ...args: z.output<Calls[Name]['args']>
  ) => Promise<z.output<Calls[Name]['answer']>>;
};

/**
 * The private interface of the embedded backend: a call in the same process, or a message port from the app, never HTTP. It
 * acts as the built-in account `local`.
 */
export interface LocalChannel extends LocalCalls {
  /** Calls `listener` with every event from now on. Returns a function that stops this. */
  subscribe(listener: (event: ServerEvent) => void): () => void;
}

/** Makes all calls of the table from one function, which must return what the table says for each. */
export function createLocalCalls(
  call: (name: LocalCallName, args: readonly unknown[]) => Promise<unknown>,
): LocalCalls {
  const names = Object.keys(localCalls) as LocalCallName[];
  return Object.fromEntries(
    names.map((name) => [name, (...args: readonly unknown[]) => call(name, args)]),
  ) as unknown as LocalCalls;
}
