import type { ConversionError, ConversionState, Track, Warning } from '../../shared/api.ts';
import { assertNever } from '../../shared/errors.ts';
import type { OutputOptions } from '../../shared/formats.ts';
import type { ConversionRow, ResumableUpload, StoredResult } from '../ports/conversion-store.ts';

/** Everything that can happen to a conversion. */
export type Transition =
  /** All bytes are durable. */
  | { readonly type: 'uploaded'; readonly sourceBytes: number }
  /** A request starts to add to a resumable upload. No other request may until this one has ended its write. */
  | {
      readonly type: 'write_begun';
      readonly writer: string;
      readonly writtenFrom: number;
      readonly expiresAt: string;
      /** The video's length, if it became known with this request. */
      readonly bytes?: number;
    }
  /** Bytes that the writer adds from here on count only after they were verified. */
  | { readonly type: 'doubted'; readonly unverifiedFrom: number }
  /** The writer ends its write. More bytes may come until `expiresAt`. */
  | {
      readonly type: 'write_ended';
      readonly progress: number;
      readonly expiresAt: string;
      /** The video's length, if it is known. */
      readonly bytes?: number;
      readonly unverifiedFrom?: number;
    }
  /**
   * The writer is gone and did not end its write. If the computer was started anew since it began, its bytes do not count: after a power
   * cut, some file systems have zeros in their place.
   */
  | { readonly type: 'writer_lost'; readonly restarted?: boolean }
  /** The upload was never acknowledged, and its row is removed. */
  | { readonly type: 'abandoned' }
  /** `converter` names the process that converts it. */
  | { readonly type: 'taken'; readonly turn: number; readonly converter: string }
  /** The holder, uploading or converting, is still working on it. */
  | { readonly type: 'renewed'; readonly progress: number }
  /** The source was read, so its contents are known. */
  | { readonly type: 'read'; readonly tracks: readonly Track[]; readonly durationSeconds?: number }
  | { readonly type: 'finished'; readonly result: StoredResult; readonly warnings: readonly Warning[] }
  | { readonly type: 'failed'; readonly error: ConversionError }
  /** The holder gives it back, to be taken again, not before `notBefore` if that is given. This costs no attempt. */
  | { readonly type: 'released'; readonly notBefore?: string }
  /** ffmpeg died over it. A new attempt is queued, to be taken not before `notBefore`. */
  | { readonly type: 'ffmpeg_died'; readonly notBefore: string }
  /** The holder is gone. `counts` is false if the conversion cannot be the reason. */
  | { readonly type: 'lost'; readonly counts: boolean }
  | { readonly type: 'cancelled' }
  | { readonly type: 'retried'; readonly options?: OutputOptions }
  /** The stored source is removed. */
  | { readonly type: 'source_gone' }
  | { readonly type: 'removed' };

/** Changes that are legal only if the video comes as a resumable upload. */
const ofResumableUploads: readonly Transition['type'][] = ['write_begun', 'doubted', 'write_ended', 'writer_lost'];

/** The states in which each change is legal. */
const legalFrom: Readonly<Record<Transition['type'], readonly ConversionState[]>> = {
  uploaded: ['uploading'],
  write_begun: ['uploading'],
  doubted: ['uploading'],
  write_ended: ['uploading'],
  writer_lost: ['uploading'],
  abandoned: ['uploading'],
  taken: ['queued'],
  renewed: ['uploading', 'converting'],
  read: ['converting'],
  finished: ['converting'],
  failed: ['converting'],
  released: ['converting'],
  ffmpeg_died: ['converting'],
  lost: ['converting'],
  cancelled: ['uploading', 'queued', 'converting'],
  retried: ['failed', 'cancelled'],
  source_gone: ['failed', 'cancelled'],
  removed: ['done', 'failed', 'cancelled'],
};

/**
 * The row after `change`, with its revision raised by one; undefined if the life cycle does not allow the change. Pure: `at` (ISO
 * 8601) is the time that is written into the row.
 */
export function nextRow(row: ConversionRow, change: Transition, at: string): ConversionRow | undefined {
  if (row.removedAt !== undefined || !legalFrom[change.type].includes(row.state)) return undefined;
  if (change.type === 'retried' && row.sourceGone) return undefined;
  if (ofResumableUploads.includes(change.type) && row.upload === undefined) return undefined;
  if (change.type === 'write_begun' && row.upload?.writer !== undefined) return undefined;
  const updatedAt = isSilent(change) ? row.updatedAt : at;
  return { ...changed(row, change, at), revision: row.revision + 1, updatedAt };
}

/**
 * True for changes that the backend writes for itself and that are not announced: renewals and upload progress.
 */
export function isSilent(change: Pick<Transition, 'type'>): boolean {
  return silent.includes(change.type);
}
const silent: readonly Transition['type'][] = ['renewed', ...ofResumableUploads];

function changed(row: ConversionRow, change: Transition, at: string): ConversionRow {
  switch (change.type) {
    case 'uploaded': {
      const { sourceBytes } = change;
      const queued = { ...row, state: 'queued', sourceBytes, progress: 0 } as const;
      return withUpload(queued, (upload) => ({ ...left(upload), bytes: sourceBytes }));
    }
    case 'write_begun': {
      const { writer, writtenFrom, expiresAt, bytes } = change;
      const begun = bytes === undefined ? row : { ...row, sourceBytes: bytes };
      return withUpload(begun, (upload) => ({
        ...upload,
        ...(bytes === undefined ? {} : { bytes }),
        expiresAt,
        writer,
        writtenFrom,
      }));
    }
    case 'doubted':
      return withUpload(row, (upload) => ({ ...upload, unverifiedFrom: change.unverifiedFrom }));
    case 'write_ended': {
      const { progress, expiresAt, bytes, unverifiedFrom } = change;
      return withUpload({ ...row, progress, sourceBytes: bytes ?? 0 }, ({ bytes: _before, ...upload }) => ({
        ...left(upload),
        expiresAt,
        ...(bytes === undefined ? {} : { bytes }),
        ...(unverifiedFrom === undefined ? {} : { unverifiedFrom }),
      }));
    }
    case 'writer_lost':
      return withUpload(row, (upload) => {
        const { writtenFrom } = upload;
        const unverifiedFrom = (change.restarted ? writtenFrom : undefined) ?? upload.unverifiedFrom;
        return { ...left(upload), ...(unverifiedFrom === undefined ? {} : { unverifiedFrom }) };
      });
    case 'abandoned':
      return withoutContents({ ...row, state: 'cancelled', sourceGone: true, endedAt: at, removedAt: at });
    case 'taken':
      return {
        ...without(row, 'notBefore'),
        state: 'converting',
        turn: change.turn,
        converter: change.converter,
        progress: 0,
      };
    case 'renewed':
      return { ...row, progress: Math.max(row.progress, change.progress) };
    case 'read': {
      const { durationSeconds, tracks } = change;
      return { ...row, tracks, ...(durationSeconds === undefined ? {} : { durationSeconds }) };
    }
    case 'finished': {
      const { result, warnings } = change;
      const { durationSeconds } = result;
      const done = { ...row, state: 'done', durationSeconds, progress: 1, result, warnings, endedAt: at } as const;
      return row.source.kind === 'blob' ? { ...done, sourceGone: true } : done;
    }
    case 'failed':
      return { ...row, state: 'failed', error: change.error, endedAt: at };
    case 'released': {
      const queued = { ...row, state: 'queued', progress: 0 } as const;
      return change.notBefore === undefined ? queued : { ...queued, notBefore: change.notBefore };
    }
    case 'ffmpeg_died':
      return { ...queuedAnew(row), ffmpegDeaths: (row.ffmpegDeaths ?? 0) + 1, notBefore: change.notBefore };
    case 'lost':
      return { ...queuedAnew(row), lostLeases: row.lostLeases + (change.counts ? 1 : 0) };
    case 'cancelled': {
      const cancelled = { ...row, state: 'cancelled', endedAt: at } as const;
      return row.state === 'uploading' ? { ...cancelled, sourceGone: true } : cancelled;
    }
    case 'retried': {
      const again = without(queuedAnew(row), 'error', 'endedAt', 'notificationId', 'durationSeconds', 'ffmpegDeaths');
      return { ...again, options: change.options ?? row.options, lostLeases: 0 };
    }
    case 'source_gone':
      return { ...row, sourceGone: true };
    case 'removed':
      return withoutContents({ ...row, sourceGone: true, removedAt: at });
    default:
      return assertNever(change);
  }
}

/** Does not change a row without an upload. */
function withUpload(row: ConversionRow, next: (upload: ResumableUpload) => ResumableUpload): ConversionRow {
  return row.upload === undefined ? row : { ...row, upload: next(row.upload) };
}

/** The upload without its writer and the fields that depend on the writer. */
function left({ bytes, metadata, expiresAt }: ResumableUpload): ResumableUpload {
  return {
    ...(bytes === undefined ? {} : { bytes }),
    ...(metadata === undefined ? {} : { metadata }),
    expiresAt,
  };
}

/** A new attempt. The holder of the previous attempt can no longer write. */
function queuedAnew(row: ConversionRow): ConversionRow {
  return { ...without(row, 'notBefore'), state: 'queued', attempt: row.attempt + 1, progress: 0 };
}

/** The part of a removed row that is kept: it records that the conversion was removed, and nothing else about it. */
function withoutContents(row: ConversionRow): ConversionRow {
  return {
    ...without(row, 'tracks', 'result', 'error', 'upload'),
    fileName: '',
    source: { kind: 'blob' },
    warnings: [],
  };
}

function without<Key extends OptionalKey>(row: ConversionRow, ...keys: readonly Key[]): ConversionRow {
  const copy: Partial<Record<OptionalKey, unknown>> & ConversionRow = { ...row };
  for (const key of keys) delete copy[key];
  return copy;
}
type OptionalKey =
  | 'notBefore'
  | 'ffmpegDeaths'
  | 'error'
  | 'endedAt'
  | 'notificationId'
  | 'durationSeconds'
  | 'tracks'
  | 'result'
  | 'upload';
