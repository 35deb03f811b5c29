import { v7 as newId } from 'uuid';
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

/** The first row of a conversion: queued if its video is already available, otherwise uploading. */
export function newConversion(
  owner: string,
  intake: Intake,
  source: ConversionSource,
  sourceBytes: number,
  now: Date,
): ConversionRow {
  const at = now.toISOString();
  const { id = newId(), fileName, options, batchId, batchSize, uploadKey } = intake;
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
