import type { Conversion } from '../../../shared/api.ts';
import { type ErrorCode, type ErrorDetails, toKnownError } from '../../../shared/errors.ts';
import type { OutputOptions } from '../../../shared/formats.ts';
import { isOlder } from '../../../shared/newest-revisions.ts';
import { failure } from '../../../shared/words/failure-sentence.ts';
import type { BegunUpload } from '../../client/backend.ts';
import type { UnsavedReason } from '../../ipc.ts';
import type { BackendKey } from '../backends/backends.ts';
import type { ChosenFolder } from '../settings/settings-store.ts';
import { conversionIdOf, type Entry, type EntrySource, isAtRest, type Step } from './entry.ts';

/** What happens to an entry. */
export type EntryEvent =
  /** Its server is about to be asked to create an upload. */
  | { readonly type: 'uploading'; readonly upload: BegunUpload }
  /** A conversion was begun at its backend. */
  | { readonly type: 'begun'; readonly conversionId: string; readonly revision?: number }
  /** The conversion as its backend reports it. */
  | { readonly type: 'heard'; readonly conversion: Conversion }
  /** `revision`: of its conversion, when its backend reports the progress. */
  | { readonly type: 'moved'; readonly fraction: number; readonly revision?: number }
  /** Its backend no longer has the conversion. */
  | { readonly type: 'lost' }
  /** Its MP3 is about to be put into that folder. */
  | { readonly type: 'placing'; readonly folder: string; readonly fileName: string }
  | { readonly type: 'saved'; readonly file: string; readonly kept?: string; readonly at: number }
  | { readonly type: 'unsaved'; readonly reason: UnsavedReason; readonly folder?: string }
  /** Saving is tried again, into another folder if one is given. */
  | { readonly type: 'save_again'; readonly target?: Exclude<ChosenFolder, { kind: 'ask' }> }
  | { readonly type: 'cancelled' }
  | { readonly type: 'failed'; readonly code: ErrorCode; readonly message: string; readonly details?: ErrorDetails }
  /** It starts again, from the beginning or from the conversion that the backend still has. */
  | {
      readonly type: 'again';
      readonly begunId?: string;
      /** It gets a batch of its own, because the end of its old one was reported. */
      readonly batchId: string;
      readonly options?: OutputOptions;
      readonly backendKey?: BackendKey;
      readonly source?: EntrySource;
    }
  | { readonly type: 'held'; readonly isHeld: boolean }
  /** It was taken back from its backend before the conversion began. */
  | { readonly type: 'taken_back' }
  | { readonly type: 'peaks'; readonly peaks: readonly number[] };

/** Saving begins at this overall progress. */
export const savingFrom = 0.99;

/** Returns the entry after the event, or the same object if the event is not possible in its state. */
export function reduceEntry(entry: Entry, event: EntryEvent): Entry {
  const { step } = entry;
  switch (event.type) {
    case 'uploading':
      return step.kind === 'new' || step.kind === 'begun'
        ? { ...entry, step: { kind: 'new' }, upload: event.upload }
        : entry;
    case 'begun':
      return step.kind === 'new' || step.kind === 'begun' ? begin(entry, event) : entry;
    case 'heard':
      return hear(entry, event.conversion);
    case 'moved':
      return isUnderWay(step) ? move(entry, event) : entry;
    case 'lost':
      return isUnderWay(step) || ('result' in step && step.kind !== 'saved') ? fromTheBeginning(entry) : entry;
    case 'placing': {
      if (step.kind !== 'finished' && step.kind !== 'placing') return entry;
      const { conversionId, result } = step;
      const { folder, fileName } = event;
      return { ...entry, step: { kind: 'placing', conversionId, result, folder, fileName } };
    }
    case 'saved': {
      if (step.kind !== 'placing') return entry;
      const { conversionId, result } = step;
      const { file, kept, at } = event;
      const saved: Step = { kind: 'saved', file, result, conversionId, ...(kept === undefined ? {} : { kept }) };
      return { ...entry, step: saved, furthest: 1, savedAt: at };
    }
    case 'unsaved': {
      if (step.kind !== 'finished' && step.kind !== 'placing') return entry;
      const { conversionId, result } = step;
      const { reason, folder } = event;
      return {
        ...entry,
        step: { kind: 'unsaved', conversionId, result, reason, ...(folder === undefined ? {} : { folder }) },
      };
    }
    case 'save_again': {
      const isMoved = event.target !== undefined && (step.kind === 'finished' || step.kind === 'placing');
      if (step.kind !== 'unsaved' && !isMoved) return entry;
      const { conversionId, result } = step;
      const { target = entry.target } = event;
      return { ...entry, target, step: { kind: 'finished', conversionId, result } };
    }
    case 'cancelled':
      return isAtRest(entry) ? entry : { ...entry, isHeld: false, step: ended('cancelled', entry) };
    case 'failed': {
      if (isAtRest(entry)) return entry;
      const { code, message, details } = event;
      const conversionId = conversionIdOf(entry);
      return {
        ...entry,
        step: {
          kind: 'failed',
          code,
          message,
          ...(details === undefined ? {} : { details }),
          ...(conversionId === undefined ? {} : { conversionId }),
        },
      };
    }
    case 'again':
      return startAgain(entry, event);
    case 'held':
      return isAtRest(entry) || entry.isHeld === event.isHeld ? entry : { ...entry, isHeld: event.isHeld };
    case 'taken_back':
      return step.kind === 'begun' || step.kind === 'accepted' ? fromTheBeginning(entry) : entry;
    case 'peaks':
      return { ...entry, peaks: event.peaks };
  }
}

function begin(
  { attempt, revision: known, ...entry }: Entry,
  { conversionId, revision = known }: Extract<EntryEvent, { type: 'begun' }>,
): Entry {
  const isSame = conversionIdOf(entry) === conversionId;
  return {
    ...entry,
    // A new conversion counts its attempts and revisions from the start.
    ...(attempt !== undefined && isSame ? { attempt } : {}),
    ...(revision !== undefined && isSame ? { revision } : {}),
    step: { kind: 'begun', conversionId },
  };
}

/** Without the key of its upload, which would give the earlier conversion again. */
function fromTheBeginning({ upload: _upload, ...entry }: Entry): Entry {
  return { ...entry, step: { kind: 'new' } };
}

function isUnderWay(step: Step): boolean {
  return step.kind === 'new' || step.kind === 'begun' || step.kind === 'accepted';
}

function further(entry: Entry, fraction: number): Entry {
  return fraction > entry.furthest ? { ...entry, furthest: fraction } : entry;
}

function move(entry: Entry, { fraction, revision }: Extract<EntryEvent, { type: 'moved' }>): Entry {
  if (revision === undefined) return further(entry, Math.min(fraction, savingFrom));
  if (isOlder(revision, entry.revision)) return entry;
  const moved = further(entry, Math.min(fraction, savingFrom));
  return revision === entry.revision ? moved : { ...moved, revision };
}

function ended(kind: 'cancelled', entry: Entry): Step {
  const conversionId = conversionIdOf(entry);
  return conversionId === undefined ? { kind } : { kind, conversionId };
}

function hear(entry: Entry, conversion: Conversion): Entry {
  const { step } = entry;
  if (step.kind !== 'begun' && step.kind !== 'accepted') return entry;
  if (conversion.id !== step.conversionId || isOlder(conversion.revision, entry.revision)) return entry;
  // It is about the attempt before.
  if (step.kind === 'begun' && step.isAgain === true) return entry;
  const known: Entry = {
    ...entry,
    attempt: conversion.attempt,
    revision: conversion.revision,
    warnings: conversion.warnings,
    ...(conversion.durationSeconds === undefined ? {} : { durationSeconds: conversion.durationSeconds }),
    ...(conversion.tracks === undefined ? {} : { tracks: conversion.tracks }),
    ...(conversion.peaks === undefined ? {} : { peaks: conversion.peaks }),
  };
  const conversionId = conversion.id;
  switch (conversion.state) {
    case 'uploading':
      return known;
    case 'queued':
    case 'converting':
      return { ...known, step: { kind: 'accepted', conversionId } };
    case 'done': {
      const { result } = conversion;
      if (result === undefined) return known;
      const finished = further(known, savingFrom);
      return { ...finished, durationSeconds: result.durationSeconds, step: { kind: 'finished', conversionId, result } };
    }
    case 'cancelled':
      return { ...known, step: { kind: 'cancelled', conversionId } };
    case 'failed': {
      const { code, message, details } = toKnownError(conversion.error ?? failure('converter_failed'));
      return reduceEntry(known, { type: 'failed', code, message, ...(details === undefined ? {} : { details }) });
    }
  }
}

function startAgain(entry: Entry, event: Extract<EntryEvent, { type: 'again' }>): Entry {
  if (!isAtRest(entry)) return entry;
  const { options = entry.options, backendKey = entry.backendKey, source = entry.source, batchId } = event;
  const { savedAt: _savedAt, peaks: _peaks, upload, attempt, revision, ...kept } = entry;
  return {
    ...kept,
    ...(upload === undefined || event.begunId === undefined ? {} : { upload }),
    ...(attempt === undefined || event.begunId === undefined ? {} : { attempt }),
    ...(revision === undefined || event.begunId === undefined ? {} : { revision }),
    batchId,
    batchSize: 1,
    options,
    backendKey,
    source,
    warnings: [],
    isHeld: false,
    furthest: 0,
    step: firstStep(event),
  };
}

function firstStep({ begunId }: Extract<EntryEvent, { type: 'again' }>): Step {
  return begunId === undefined ? { kind: 'new' } : { kind: 'begun', conversionId: begunId, isAgain: true };
}
