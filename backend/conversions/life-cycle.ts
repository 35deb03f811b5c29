import type { ConversionError, ConversionState, Track, Warning } from '../../shared/api.ts';
import { assertNever } from '../../shared/errors.ts';
import type { OutputOptions } from '../../shared/formats.ts';
import type { ConversionRow, ResumableUpload, StoredResult } from '../ports/conversion-store.ts';

/** Everything that can happen to a conversion. */
export type Transition =
  /** All bytes are durable. */
  | { readonly type: 'uploaded'; readonly sourceBytes: number }
  /** A request begins to add to a resumable upload; no other may until it has let go. */
  | {
      readonly type: 'write_begun';
      readonly writer: string;
      readonly expiresAt: string;
      /** The video's length, where it became known only now. */
      readonly bytes?: number;
    }
  /** What its writer adds from here on counts only once it was found right. */
  | { readonly type: 'doubted'; readonly unverifiedFrom: number }
  /** It lets go, and more may come until `expiresAt`. */
  | {
      readonly type: 'write_ended';
      readonly progress: number;
      readonly expiresAt: string;
      readonly unverifiedFrom?: number;
    }
  /** It went without letting go. */
  | { readonly type: 'writer_lost' }
  /** The upload was never acknowledged and goes without a trace. */
  | { readonly type: 'abandoned' }
  | { readonly type: 'taken' }
  /** Its holder, uploading or converting, still works on it. */
  | { readonly type: 'renewed'; readonly progress: number }
  /** The source was read: what it holds is known. */
  | { readonly type: 'read'; readonly tracks: readonly Track[]; readonly durationSeconds?: number }
  | { readonly type: 'finished'; readonly result: StoredResult; readonly warnings: readonly Warning[] }
  | { readonly type: 'failed'; readonly error: ConversionError }
  /** Given back by its holder, to be taken again, not before `notBefore` where that is given. Costs no attempt. */
  | { readonly type: 'released'; readonly notBefore?: string }
  /** Its holder is gone. */
  | { readonly type: 'lost' }
  | { readonly type: 'cancelled' }
  | { readonly type: 'retried'; readonly options?: OutputOptions }
  /** What was kept of the source goes. */
  | { readonly type: 'source_gone' }
  /** A notification told of its end. */
  | { readonly type: 'told'; readonly notificationId: string }
  | { readonly type: 'removed' };

/** Legal only where the video comes as a resumable upload. */
const ofResumableUploads: readonly Transition['type'][] = ['write_begun', 'doubted', 'write_ended', 'writer_lost'];

/** From which states each change is legal. */
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
  lost: ['converting'],
  cancelled: ['uploading', 'queued', 'converting'],
  retried: ['failed', 'cancelled'],
  source_gone: ['failed', 'cancelled'],
  told: ['done', 'failed'],
  removed: ['done', 'failed', 'cancelled'],
};

/**
 * The row after `change`, its revision one higher; undefined when the life cycle does not allow it. Pure: `at` (ISO 8601) is
 * the time that goes into the row.
 */
export function nextRow(record: ConversionRow, change: Transition, at: string): ConversionRow | undefined {
  if (record.removedAt !== undefined || !legalFrom[change.type].includes(record.state)) return undefined;
  if (change.type === 'retried' && record.sourceGone) return undefined;
  if (ofResumableUploads.includes(change.type) && record.upload === undefined) return undefined;
  if (change.type === 'write_begun' && record.upload?.writer !== undefined) return undefined;
  const updatedAt = isSilent(change) ? record.updatedAt : at;
  return { ...changed(record, change, at), revision: record.revision + 1, updatedAt };
}

/** True for what the backend writes for itself, and nobody would call a change: that a holder lives, how far it is, who was told. */
export function isSilent(change: Pick<Transition, 'type'>): boolean {
  return silent.includes(change.type);
}
const silent: readonly Transition['type'][] = ['renewed', 'told', ...ofResumableUploads];

function changed(record: ConversionRow, change: Transition, at: string): ConversionRow {
  switch (change.type) {
    case 'uploaded': {
      const { sourceBytes } = change;
      const queued = { ...record, state: 'queued', sourceBytes, progress: 0 } as const;
      return withUpload(queued, (upload) => ({ ...left(upload), bytes: sourceBytes }));
    }
    case 'write_begun': {
      const { writer, expiresAt, bytes } = change;
      const begun = bytes === undefined ? record : { ...record, sourceBytes: bytes };
      return withUpload(begun, (upload) => ({
        ...upload,
        ...(bytes === undefined ? {} : { bytes }),
        expiresAt,
        writer,
      }));
    }
    case 'doubted':
      return withUpload(record, (upload) => ({ ...upload, unverifiedFrom: change.unverifiedFrom }));
    case 'write_ended': {
      const { progress, expiresAt, unverifiedFrom } = change;
      return withUpload({ ...record, progress }, (upload) => ({
        ...left(upload),
        expiresAt,
        ...(unverifiedFrom === undefined ? {} : { unverifiedFrom }),
      }));
    }
    case 'writer_lost':
      return withUpload(record, (upload) => {
        const { unverifiedFrom } = upload;
        return { ...left(upload), ...(unverifiedFrom === undefined ? {} : { unverifiedFrom }) };
      });
    case 'abandoned':
      return withoutContents({ ...record, state: 'cancelled', sourceGone: true, endedAt: at, removedAt: at });
    case 'taken':
      return { ...without(record, 'notBefore'), state: 'converting', progress: 0 };
    case 'renewed':
      return { ...record, progress: Math.max(record.progress, change.progress) };
    case 'read': {
      const { durationSeconds, tracks } = change;
      return { ...record, tracks, ...(durationSeconds === undefined ? {} : { durationSeconds }) };
    }
    case 'finished': {
      const { result, warnings } = change;
      const { durationSeconds } = result;
      const done = { ...record, state: 'done', durationSeconds, progress: 1, result, warnings, endedAt: at } as const;
      return record.source.kind === 'blob' ? { ...done, sourceGone: true } : done;
    }
    case 'failed':
      return { ...record, state: 'failed', error: change.error, endedAt: at };
    case 'released': {
      const queued = { ...record, state: 'queued', progress: 0 } as const;
      return change.notBefore === undefined ? queued : { ...queued, notBefore: change.notBefore };
    }
    case 'lost':
      return { ...queuedAnew(record), lostLeases: record.lostLeases + 1 };
    case 'cancelled': {
      const cancelled = { ...record, state: 'cancelled', endedAt: at } as const;
      if (record.state === 'uploading') return { ...cancelled, sourceGone: true };
      // It was not its turn yet: the owner's next one takes it.
      return record.state === 'queued' ? without(cancelled, 'turn') : cancelled;
    }
    case 'retried': {
      const again = without(queuedAnew(record), 'turn', 'error', 'endedAt', 'notificationId', 'durationSeconds');
      return { ...again, options: change.options ?? record.options, lostLeases: 0 };
    }
    case 'source_gone':
      return { ...record, sourceGone: true };
    case 'told':
      return { ...record, notificationId: change.notificationId };
    case 'removed':
      return withoutContents({ ...record, sourceGone: true, removedAt: at });
    default:
      return assertNever(change);
  }
}

/** A row that has none stays as it is. */
function withUpload(record: ConversionRow, next: (upload: ResumableUpload) => ResumableUpload): ConversionRow {
  return record.upload === undefined ? record : { ...record, upload: next(record.upload) };
}

/** Without its writer, and what depends on that one. */
function left({ bytes, metadata, expiresAt }: ResumableUpload): ResumableUpload {
  return {
    ...(bytes === undefined ? {} : { bytes }),
    ...(metadata === undefined ? {} : { metadata }),
    expiresAt,
  };
}

/** A new attempt: whoever worked on the one before can write nothing any more. */
function queuedAnew(record: ConversionRow): ConversionRow {
  return { ...without(record, 'notBefore'), state: 'queued', attempt: record.attempt + 1, progress: 0 };
}

/** What stays of a removed row says that it went, and nothing of what it was. */
function withoutContents(record: ConversionRow): ConversionRow {
  return {
    ...without(record, 'tracks', 'result', 'error', 'upload'),
    fileName: '',
    source: { kind: 'blob' },
    warnings: [],
  };
}

function without<Key extends OptionalKey>(record: ConversionRow, ...keys: readonly Key[]): ConversionRow {
  const copy: Partial<Record<OptionalKey, unknown>> & ConversionRow = { ...record };
  for (const key of keys) delete copy[key];
  return copy;
}
type OptionalKey =
  | 'turn'
  | 'notBefore'
  | 'error'
  | 'endedAt'
  | 'notificationId'
  | 'durationSeconds'
  | 'tracks'
  | 'result'
  | 'upload';
