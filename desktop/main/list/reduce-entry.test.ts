import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Conversion, ConversionState } from '../../../shared/api.ts';
import { defaultOutputOptions } from '../../../shared/formats.ts';
import type { Entry, Step } from './entry.ts';
import { type EntryEvent, reduceEntry } from './reduce-entry.ts';

const result = { fileName: 'a.mp3', bytes: 10, durationSeconds: 2, sha256: 'ab' };
const conversionId = 'c';

const steps: readonly Step[] = [
  { kind: 'new' },
  { kind: 'begun', conversionId },
  { kind: 'accepted', conversionId },
  { kind: 'finished', conversionId, result },
  { kind: 'placing', conversionId, result, folder: '/a', fileName: 'a.mp3' },
  { kind: 'unsaved', conversionId, result, reason: 'disk_full' },
  { kind: 'saved', conversionId, result, file: '/a/a.mp3' },
  { kind: 'cancelled', conversionId },
  { kind: 'failed', code: 'not_media', message: 'No.', conversionId },
];

function entryAt(step: Step, more: Partial<Entry> = {}): Entry {
  return {
    id: 'e',
    order: 1,
    source: { path: '/a/a.mp4', fileName: 'a.mp4', bytes: 100, subfolder: '' },
    batchId: 'b',
    batchSize: 1,
    options: defaultOutputOptions,
    backendKey: 'here',
    target: { kind: 'beside' },
    whenTaken: 'keep_both',
    step,
    isHeld: false,
    furthest: step.kind === 'saved' ? 1 : 0.4,
    isListed: true,
    warnings: [],
    ...more,
  };
}

function conversion(state: ConversionState, more: Partial<Conversion> = {}): Conversion {
  return {
    id: conversionId,
    revision: 1,
    state,
    fileName: 'a.mp4',
    sourceBytes: 100,
    progress: 0,
    attempt: 1,
    options: defaultOutputOptions,
    warnings: [],
    createdAt: '2026-01-01T00:00:00Z',
    updatedAt: '2026-01-01T00:00:00Z',
    ...(state === 'done' ? { result } : {}),
    ...(state === 'failed' ? { error: { code: 'no_audio', message: 'No sound.' } } : {}),
    ...more,
  };
}

const heard = (state: ConversionState): EntryEvent => ({ type: 'heard', conversion: conversion(state) });
const kindAfter = (step: Step, event: EntryEvent): string => reduceEntry(entryAt(step), event).step.kind;
const kinds = steps.map(({ kind }) => kind);

describe('an entry', () => {
  it.each<[string, EntryEvent, readonly string[]]>([
    // new, begun, accepted, finished, placing, unsaved, saved, cancelled, failed
    ['begun', { type: 'begun', conversionId }, ['begun', 'begun', ...kinds.slice(2)]],
    ['heard uploading', heard('uploading'), kinds],
    ['heard queued', heard('queued'), ['new', 'accepted', ...kinds.slice(2)]],
    ['heard converting', heard('converting'), ['new', 'accepted', ...kinds.slice(2)]],
    ['heard done', heard('done'), ['new', 'finished', 'finished', ...kinds.slice(3)]],
    ['heard failed', heard('failed'), ['new', 'failed', 'failed', ...kinds.slice(3)]],
    ['heard cancelled', heard('cancelled'), ['new', 'cancelled', 'cancelled', ...kinds.slice(3)]],
    ['lost', { type: 'lost' }, ['new', 'new', 'new', 'new', 'new', 'new', ...kinds.slice(6)]],
    [
      'placing',
      { type: 'placing', folder: '/b', fileName: 'b.mp3' },
      ['new', 'begun', 'accepted', 'placing', ...kinds.slice(4)],
    ],
    ['saved', { type: 'saved', file: '/a/a.mp3', at: 1 }, [...kinds.slice(0, 4), 'saved', ...kinds.slice(5)]],
    [
      'unsaved',
      { type: 'unsaved', reason: 'read_only' },
      ['new', 'begun', 'accepted', 'unsaved', 'unsaved', ...kinds.slice(5)],
    ],
    ['save again', { type: 'save_again' }, [...kinds.slice(0, 5), 'finished', ...kinds.slice(6)]],
    [
      'cancelled',
      { type: 'cancelled' },
      [...Array.from({ length: 6 }, () => 'cancelled'), 'saved', 'cancelled', 'failed'],
    ],
    [
      'failed',
      { type: 'failed', code: 'internal', message: 'x' },
      [...Array.from({ length: 6 }, () => 'failed'), 'saved', 'cancelled', 'failed'],
    ],
    ['again', { type: 'again', batchId: 'n' }, [...kinds.slice(0, 6), 'new', 'new', 'new']],
    ['taken back', { type: 'taken_back' }, ['new', 'new', 'new', ...kinds.slice(3)]],
    ['moved', { type: 'moved', fraction: 0.5 }, kinds],
    ['held', { type: 'held', isHeld: true }, kinds],
  ])('in any step, after the event “%s”, is in the right step', (_name, event, expected) => {
    expect(steps.map((step) => kindAfter(step, event))).toEqual(expected);
  });

  it('ignores events about another conversion', () => {
    const other: EntryEvent = { type: 'heard', conversion: { ...conversion('done'), id: 'other' } };
    for (const step of steps) {
      const entry = entryAt(step);
      expect(reduceEntry(entry, other)).toBe(entry);
    }
  });

  it('starts again from the beginning, in its own batch', () => {
    const saved = entryAt({ kind: 'failed', code: 'damaged', message: 'x', conversionId }, { furthest: 0.7 });
    const again = reduceEntry(saved, { type: 'again', batchId: 'n', options: { format: 'mp3', track: 1 } });
    expect(again).toMatchObject({
      batchId: 'n',
      batchSize: 1,
      furthest: 0,
      step: { kind: 'new' },
      options: { track: 1 },
    });
    const onward = reduceEntry(saved, { type: 'again', batchId: 'n', begunId: 'u' });
    expect(onward.step).toEqual({ kind: 'begun', conversionId: 'u', isAgain: true });
  });
});

describe('an entry that was started again', () => {
  const again = entryAt({ kind: 'begun', conversionId, isAgain: true }, { attempt: 2, revision: 8 });

  it.each(['uploading', 'queued', 'converting', 'done', 'failed', 'cancelled'] as const)(
    'ignores that the previous attempt was %s',
    (state) => expect(reduceEntry(again, heard(state))).toBe(again),
  );

  it('follows the next attempt once its backend has started it', () => {
    const begun = reduceEntry(again, { type: 'begun', conversionId, revision: 9 });
    expect(begun).toMatchObject({ step: { kind: 'begun', conversionId }, attempt: 2, revision: 9 });
    const late: EntryEvent = { type: 'heard', conversion: conversion('cancelled', { attempt: 2, revision: 8 }) };
    expect(reduceEntry(begun, late)).toBe(begun);
    const next: EntryEvent = { type: 'heard', conversion: conversion('queued', { attempt: 3, revision: 9 }) };
    expect(reduceEntry(begun, next)).toMatchObject({ step: { kind: 'accepted' }, attempt: 3 });
  });

  it('ignores late progress of the previous attempt', () => {
    const entry = entryAt({ kind: 'accepted', conversionId }, { revision: 9, furthest: 0.1 });
    expect(reduceEntry(entry, { type: 'moved', fraction: 0.9, revision: 8 })).toBe(entry);
    expect(reduceEntry(entry, { type: 'moved', fraction: 0.2, revision: 10 })).toMatchObject({
      furthest: 0.2,
      revision: 10,
    });
  });

  it('counts the attempts of another conversion from the start', () => {
    const other = reduceEntry(again, { type: 'begun', conversionId: 'other' });
    expect([other.attempt, other.revision]).toEqual([undefined, undefined]);
    const first: EntryEvent = { type: 'heard', conversion: conversion('queued', { id: 'other' }) };
    expect(reduceEntry(other, first).step.kind).toBe('accepted');
  });
});

describe('an entry whose upload is about to be created', () => {
  const upload = { key: 'k', version: { bytes: 100, modifiedNanoseconds: '1' } };
  const uploading = reduceEntry(entryAt({ kind: 'new' }), { type: 'uploading', upload });

  it('keeps its key while it is uploaded, and when it resumes', () => {
    const begun = reduceEntry(uploading, { type: 'begun', conversionId });
    expect([uploading.upload, begun.upload]).toEqual([upload, upload]);
    const cancelled = reduceEntry(begun, { type: 'cancelled' });
    expect(reduceEntry(cancelled, { type: 'again', batchId: 'n', begunId: conversionId }).upload).toEqual(upload);
  });

  it('gets another key if its file has changed', () => {
    const begun = reduceEntry(uploading, { type: 'begun', conversionId });
    const another = { ...upload, key: 'l' };
    expect(reduceEntry(begun, { type: 'uploading', upload: another })).toMatchObject({
      step: { kind: 'new' },
      upload: another,
    });
  });

  it.each<[string, EntryEvent, Step]>([
    ['its conversion is gone', { type: 'lost' }, { kind: 'accepted', conversionId }],
    ['it was taken back', { type: 'taken_back' }, { kind: 'begun', conversionId }],
    ['it starts again', { type: 'again', batchId: 'n' }, { kind: 'saved', conversionId, result, file: '/a/a.mp3' }],
  ])('forgets its key if %s', (_what, event, step) => {
    const after = reduceEntry({ ...uploading, step }, event);
    expect(after.step).toEqual({ kind: 'new' });
    expect(after).not.toHaveProperty('upload');
  });
});

it('an entry that failed with an unknown code keeps the message', () => {
  const error = { code: 'too_loud', message: 'It is too loud.', details: { decibels: 210 } };
  const event: EntryEvent = { type: 'heard', conversion: conversion('failed', { error }) };
  expect(reduceEntry(entryAt({ kind: 'accepted', conversionId }), event).step).toEqual({
    kind: 'failed',
    code: 'unknown',
    message: 'It is too loud.',
    details: { decibels: 210 },
    conversionId,
  });
});

it('another folder can be chosen while an entry is being saved', () => {
  const target = { kind: 'folder', path: '/b' } as const;
  for (const step of steps) {
    const after = reduceEntry(entryAt(step), { type: 'save_again', target });
    const isToBeSaved = ['finished', 'placing', 'unsaved'].includes(step.kind);
    expect([after.step.kind, after.target.kind]).toEqual(isToBeSaved ? ['finished', 'folder'] : [step.kind, 'beside']);
  }
});

const anyEvent: fc.Arbitrary<EntryEvent> = fc.oneof(
  fc.constantFrom<EntryEvent>(
    { type: 'begun', conversionId },
    { type: 'lost' },
    { type: 'placing', folder: '/a', fileName: 'a.mp3' },
    { type: 'saved', file: '/a/a.mp3', at: 1 },
    { type: 'unsaved', reason: 'disk_full' },
    { type: 'save_again' },
    { type: 'cancelled' },
    { type: 'failed', code: 'internal', message: 'x' },
    { type: 'held', isHeld: true },
    { type: 'held', isHeld: false },
    { type: 'taken_back' },
    ...(['uploading', 'queued', 'converting', 'done', 'failed', 'cancelled'] as const).map(heard),
  ),
  fc.double({ min: 0, max: 1, noNaN: true }).map((fraction) => ({ type: 'moved', fraction }) as const),
);

it('progress never decreases, and is 1 only once the MP3 is saved', () => {
  fc.assert(
    fc.property(fc.array(anyEvent, { maxLength: 30 }), (events) => {
      let entry = entryAt({ kind: 'new' }, { furthest: 0 });
      for (const event of events) {
        const next = reduceEntry(entry, event);
        expect(next.furthest).toBeGreaterThanOrEqual(entry.furthest);
        expect(next.furthest === 1).toBe(next.step.kind === 'saved');
        entry = next;
      }
    }),
  );
});

it('a saved entry stays saved, whatever its backend reports', () => {
  fc.assert(
    fc.property(fc.array(anyEvent, { maxLength: 30 }), (events) => {
      const saved = entryAt({ kind: 'saved', conversionId, result, file: '/a/a.mp3' });
      expect(events.reduce(reduceEntry, saved).step).toEqual(saved.step);
    }),
  );
});
