import { z } from 'zod';
import { conversionStates } from '../../../shared/api.ts';
import type { ConversionRow, ScannedRow } from '../../ports/conversion-store.ts';
import type { NotificationRecord } from '../../ports/notification-store.ts';

// What the code that uses a stored row relies on: the fields are there and have the right types. Not more, because rows of earlier
// versions must stay readable.

const timeSchema = z.string().refine((text) => !Number.isNaN(Date.parse(text)), 'not a time');

const scannedFields = {
  id: z.string(),
  owner: z.string(),
  state: z.enum(conversionStates),
  attempt: z.int(),
  revision: z.int(),
  batchId: z.string().optional(),
  source: z.union([
    z.looseObject({ kind: z.literal('blob') }),
    z.looseObject({ kind: z.literal('file'), path: z.string() }),
  ]),
  sourceGone: z.literal(true).optional(),
  upload: z
    .looseObject({
      bytes: z.number().optional(),
      metadata: z.string().optional(),
      expiresAt: timeSchema,
      writer: z.string().optional(),
      unverifiedFrom: z.number().optional(),
    })
    .optional(),
  notBefore: timeSchema.optional(),
  endedAt: timeSchema.optional(),
  removedAt: timeSchema.optional(),
};
const scannedSchema = z.looseObject(scannedFields);

const rowSchema = z.looseObject({
  ...scannedFields,
  fileName: z.string(),
  sourceBytes: z.number(),
  batchSize: z.number().optional(),
  options: z.looseObject({ format: z.string() }),
  durationSeconds: z.number().optional(),
  tracks: z.array(z.looseObject({ index: z.number() })).optional(),
  progress: z.number(),
  lostLeases: z.number(),
  result: z
    .looseObject({
      fileName: z.string(),
      bytes: z.number(),
      durationSeconds: z.number(),
      sha256: z.string(),
      peaks: z.array(z.number()),
    })
    .optional(),
  error: z.looseObject({ code: z.string(), message: z.string() }).optional(),
  warnings: z.array(z.looseObject({ code: z.string() })),
  createdAt: timeSchema,
  updatedAt: timeSchema,
  notificationId: z.string().optional(),
});

const notificationSchema = z.looseObject({
  id: z.string(),
  kind: z.string(),
  batchId: z.string(),
  conversionIds: z.array(z.string()),
  counts: z.looseObject({ done: z.number(), failed: z.number() }),
  message: z.string(),
  createdAt: timeSchema,
});

const recordSchema = z.looseObject({
  owner: z.string(),
  notification: notificationSchema,
  told: z.array(z.looseObject({ conversionId: z.string(), attempt: z.number() })),
});

/** Each parses the JSON of a column. Throws an Error that says what is wrong with it, without any of its contents. */
export const readConversion = reading<ConversionRow>(rowSchema);
export const readScanned = reading<ScannedRow>(scannedSchema);
export const readNotification = reading<NotificationRecord['notification']>(notificationSchema);
export const readRecord = reading<NotificationRecord>(recordSchema);

function reading<Row>(schema: z.ZodType): (json: unknown) => Row {
  return (json) => {
    if (typeof json !== 'string') throw new Error('it is not JSON');
    let value: unknown;
    try {
      value = JSON.parse(json);
    } catch {
      // The parser's message would have a part of the text.
      throw new Error('it is not JSON');
    }
    const { error } = schema.safeParse(value);
    if (error !== undefined) {
      const fields = error.issues.map(({ path, code }) => `${path.join('.')} (${code})`);
      throw new Error(`these fields are missing or wrong: ${fields.join(', ')}`);
    }
    // The schema has all that the type promises, apart from the words that a later version may know and this one does not.
    return value as Row;
  };
}
