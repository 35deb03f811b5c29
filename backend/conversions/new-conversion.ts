import { randomInt } from 'node:crypto';
import { v7 as uuidAt } from 'uuid';
import type { Batch } from '../../shared/api.ts';
import type { OutputOptions } from '../../shared/formats.ts';
import type { ConversionRow, ConversionSource } from '../ports/conversion-store.ts';

/** What is known of a video before its bytes arrive. */
export interface Intake extends Partial<Batch> {
  /** If absent, a new id is made. */
  readonly id?: string;
  readonly fileName: string;
  readonly options: OutputOptions;
  /** The client's own name for the creation of an upload. */
  readonly uploadKey?: string;
}

/** The time in the latest id, in milliseconds since 1970, and what orders the ids with the same time. */
const latest = { msecs: 0, seq: 0 };

/**
 * Ids sort by the time of their creation, and a person's conversions are listed and converted in this order. So the time is the one that
 * all processes have in common, and not that of this machine.
 */
function idAt(now: Date): string {
  const msecs = Math.max(now.getTime(), latest.msecs);
  latest.seq = msecs > latest.msecs ? randomInt(2 ** 31) : latest.seq + 1;
  latest.msecs = msecs;
  return uuidAt(latest);
}

/** The first row of a conversion: queued if its video is already available, otherwise uploading. */
export function newConversion(
  owner: string,
  intake: Intake,
  source: ConversionSource,
  sourceBytes: number,
  now: Date,
): ConversionRow {
  const at = now.toISOString();
  const { id = idAt(now), fileName, options, batchId, batchSize, uploadKey } = intake;
  return {
    id,
    owner,
    state: source.kind === 'file' ? 'queued' : 'uploading',
    attempt: 1,
    revision: 1,
    fileName,
    source,
    sourceBytes,
    ...(uploadKey === undefined ? {} : { uploadKey }),
    ...(batchId === undefined ? {} : { batchId }),
    ...(batchSize === undefined ? {} : { batchSize }),
    options,
    progress: 0,
    lostLeases: 0,
    warnings: [],
    createdAt: at,
    updatedAt: at,
  };
}
