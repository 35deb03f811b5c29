import type { ConversionRow, ConversionVersion } from '../../ports/conversion-store.ts';
import { readConversion } from '../stored-rows/readable-rows.ts';
import { isStorableInteger } from '../stored-rows/storable-integers.ts';
import type { SqliteRow } from './sqlite-integers.ts';

export const columns = [
  'id',
  'owner',
  'state',
  'attempt',
  'revision',
  'batch_id',
  'batch_size',
  'ended_at',
  'notification_id',
  'removed_at',
  'not_before',
  'turn',
  'body',
  'peaks',
] as const;

/** The parameter of a column, in the order of `toRow`. */
export function parameterOf(column: (typeof columns)[number]): string {
  return `?${columns.indexOf(column) + 1}`;
}

/** The condition on a row's version, using the parameters after the first `after`. */
export function atVersion(after: number): string {
  return ['id', 'state', 'attempt', 'revision']
    .map((column, index) => `${column} = ?${after + index + 1}`)
    .join(' AND ');
}

/** The condition that the owner has fewer rows in the state of the written one than parameter `most` says. Reads no more than that. */
export function fewerThan(most: number): string {
  return `(SELECT count(*) FROM (
    SELECT 1 FROM conversions
    WHERE owner = ${parameterOf('owner')} AND state = ${parameterOf('state')} AND removed_at IS NULL LIMIT ?${most}
  )) < ?${most}`;
}

/** The states of a conversion that has not ended, as a condition. */
export const active = "state IN ('uploading', 'queued', 'converting')";

/** In the order of `atVersion`. */
export function toExpected({ id, state, attempt, revision }: ConversionVersion): readonly (string | number)[] {
  return [id, state, attempt, revision];
}

/** In the order of `columns`. */
export function toRow(row: ConversionRow): readonly (string | number | Uint8Array | null)[] {
  const { turn: given, ...body } = row;
  const { result } = row;
  return [
    row.id,
    row.owner,
    row.state,
    row.attempt,
    row.revision,
    row.batchId ?? null,
    row.batchSize ?? null,
    row.endedAt ?? null,
    row.notificationId ?? null,
    row.removedAt ?? null,
    row.notBefore ?? null,
    given ?? null,
    JSON.stringify(result === undefined ? body : { ...body, result: { ...result, peaks: [] } }),
    result === undefined ? null : Uint8Array.from(result.peaks),
  ];
}

/** Throws if the row cannot be read. */
export function fromRow({ body, turn: given, peaks }: SqliteRow): ConversionRow {
  const written = readConversion(body);
  const isTurn = isStorableInteger(given);
  if (given !== null && !isTurn) throw new Error('its turn is too large an integer');
  const row = isTurn ? { ...written, turn: given } : written;
  if (row.result === undefined || !(peaks instanceof Uint8Array)) return row;
  return { ...row, result: { ...row.result, peaks: [...peaks] } };
}
