import type { Conversion } from '../../shared/api.ts';
import type { ProgressEvent } from '../../shared/events.ts';
import type { ConversionRow, ScannedRow } from '../ports/conversion-store.ts';

/** How long files are kept after a conversion has ended. */
export interface Retention {
  /** Seconds for which the source of a failed or cancelled conversion is kept. */
  readonly sourceSeconds: number;
  /** Seconds for which an MP3, its row and its notification are kept. */
  readonly resultSeconds: number;
}

/** What is known of a conversion besides its row. */
export interface LiveFacts {
  readonly position?: number;
  readonly latest?: ProgressEvent;
}

/** The conversion as its owner sees it: the row without the backend's own fields, and without peaks. */
export function toConversion(row: ConversionRow, retention: Retention, live: LiveFacts = {}): Conversion {
  const { id, revision, state, fileName, batchId, sourceBytes, durationSeconds, attempt, options, tracks, error } = row;
  // Progress of an earlier attempt may arrive late.
  const latest = live.latest !== undefined && live.latest.revision >= revision ? live.latest : undefined;
  const expiresAt = expiry(row, retention);
  return {
    id,
    revision,
    state,
    fileName,
    ...(batchId === undefined ? {} : { batchId }),
    sourceBytes,
    ...(durationSeconds === undefined ? {} : { durationSeconds }),
    ...(live.position === undefined ? {} : { position: live.position }),
    progress: Math.max(row.progress, latest?.progress ?? 0),
    ...(latest?.etaSeconds === undefined ? {} : { etaSeconds: latest.etaSeconds }),
    attempt,
    options,
    ...(tracks === undefined ? {} : { tracks: [...tracks] }),
    ...(row.result === undefined ? {} : { result: withoutPeaks(row.result) }),
    ...(error === undefined ? {} : { error }),
    warnings: [...row.warnings],
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
    ...(expiresAt === undefined ? {} : { expiresAt: expiresAt.toISOString() }),
  };
}

function withoutPeaks(result: NonNullable<ConversionRow['result']>): NonNullable<Conversion['result']> {
  const { fileName, bytes, durationSeconds, sha256 } = result;
  return { fileName, bytes, durationSeconds, sha256 };
}

/** When the files of an ended conversion are removed; undefined if it has not ended, or if no file of it is kept. */
export function expiry(row: ConversionRow | ScannedRow, retention: Retention): Date | undefined {
  if (row.endedAt === undefined) return undefined;
  const ended = Date.parse(row.endedAt);
  if (row.state === 'done') return new Date(ended + retention.resultSeconds * 1000);
  if (row.sourceGone || row.source.kind === 'file') return undefined;
  return new Date(ended + retention.sourceSeconds * 1000);
}
