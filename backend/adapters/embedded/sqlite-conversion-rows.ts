import type { ConversionRow, ConversionVersion } from '../../ports/conversion-store.ts';
import { readConversion } from './readable-rows.ts';
import type { SqliteRow } from './sqlite-database.ts';

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
type Column = (typeof columns)[number];

/** The parameter of a column, in the order of `toRow`. */
function parameterOf(column: Column): string {
  return `?${columns.indexOf(column) + 1}`;
}

/** Gives a queued row without a turn its turn. Any other row keeps its turn. */
const turn = `CASE
  WHEN ${parameterOf('turn')} IS NOT NULL OR ${parameterOf('state')} <> 'queued' THEN ${parameterOf('turn')}
  ELSE max(
    coalesce((SELECT max(turn) FROM conversions WHERE owner = ${parameterOf('owner')} AND turn IS NOT NULL), 0) + 1,
    coalesce((
      SELECT turn + (owner >= ${parameterOf('owner')}) FROM conversions
      WHERE turn IS NOT NULL AND state <> 'queued' ORDER BY turn DESC, owner DESC LIMIT 1
    ), 1)
  )
END`;

/** The expression that a write gives a column. */
export function writtenOf(column: Column): string {
  return column === 'turn' ? turn : parameterOf(column);
}

/** The condition on a row's version, using the parameters after the first `after`. */
export function atVersion(after: number): string {
  return ['id', 'state', 'attempt', 'revision']
    .map((column, index) => `${column} = ?${after + index + 1}`)
    .join(' AND ');
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
  const row = typeof given === 'number' ? { ...written, turn: given } : written;
  if (row.result === undefined || !(peaks instanceof Uint8Array)) return row;
  return { ...row, result: { ...row.result, peaks: [...peaks] } };
}
