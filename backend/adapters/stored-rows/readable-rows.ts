import { conversionStates } from '../../../shared/conversion-states.ts';
import type { ConversionRow, ScannedRow } from '../../ports/conversion-store.ts';
import type { NotificationRecord, OutboxMail } from '../../ports/notification-store.ts';
import { either, list, number, object, oneOf, optional, type Shape, text, time, whole } from './json-shape.ts';

// What the code that uses a stored row relies on: the fields are there and have the right types. Not more, because rows of earlier
// versions must stay readable.

const scannedFields = {
  id: text,
  owner: text,
  state: oneOf(...conversionStates),
  attempt: whole,
  revision: whole,
  batchId: optional(text),
  source: either(object({ kind: oneOf('blob') }), object({ kind: oneOf('file'), path: text })),
  sourceGone: optional(oneOf(true)),
  upload: optional(
    object({
      bytes: optional(number),
      metadata: optional(text),
      expiresAt: time,
      writer: optional(text),
      writtenFrom: optional(number),
      unverifiedFrom: optional(number),
    }),
  ),
  converter: optional(text),
  notBefore: optional(time),
  endedAt: optional(time),
  removedAt: optional(time),
} satisfies Record<keyof ScannedRow, unknown>;
const scannedShape = object(scannedFields);

/** What a store reads of a row for a scan. */
export const scannedFieldNames: readonly string[] = Object.keys(scannedFields);

const rowShape = object({
  ...scannedFields,
  fileName: text,
  sourceBytes: number,
  batchSize: optional(number),
  options: object({ format: text }),
  durationSeconds: optional(number),
  tracks: optional(list(object({ index: number }))),
  progress: number,
  lostLeases: number,
  ffmpegDeaths: optional(whole),
  result: optional(
    object({
      fileName: text,
      bytes: number,
      durationSeconds: number,
      sha256: text,
      peaks: list(number),
    }),
  ),
  error: optional(object({ code: text, message: text })),
  warnings: list(object({ code: text })),
  createdAt: time,
  updatedAt: time,
  notificationId: optional(text),
});

const notificationShape = object({
  id: text,
  kind: text,
  batchId: text,
  conversionIds: list(text),
  counts: object({ done: number, failed: number }),
  message: text,
  createdAt: time,
});

const recordShape = object({
  owner: text,
  notification: notificationShape,
  told: list(object({ conversionId: text, attempt: number })),
});

const outboxMailShape = object({ revision: whole, tries: whole, due: time, claimed: oneOf(true, false) });

/** Each checks a stored value. Throws an Error that says what is wrong with it, without any of its contents. */
export const checkConversion = checking<ConversionRow>(rowShape);
export const checkScanned = checking<ScannedRow>(scannedShape);
export const checkNotification = checking<NotificationRecord['notification']>(notificationShape);
export const checkOutboxMail = checking<OutboxMail>(outboxMailShape);
export const checkRecord = checking<NotificationRecord>(recordShape);

/** Each parses the JSON of a column and checks it. */
export const readConversion = reading(checkConversion);
export const readScanned = reading(checkScanned);
export const readNotification = reading(checkNotification);
export const readRecord = reading(checkRecord);

function checking<Row>(shape: Shape): (value: unknown) => Row {
  return (value) => {
    const wrong = shape(value, '');
    if (wrong.length > 0) throw new Error(`these fields are missing or wrong: ${wrong.join(', ') || 'all'}`);
    // The shape has all that the type promises, apart from the words that a later version may know and this one does not.
    return value as Row;
  };
}

function reading<Row>(check: (value: unknown) => Row): (json: unknown) => Row {
  return (json) => {
    if (typeof json !== 'string') throw new Error('it is not JSON');
    let value: unknown;
    try {
      value = JSON.parse(json);
    } catch {
      // The parser's message would have a part of the text.
      throw new Error('it is not JSON');
    }
    return check(value);
  };
}
