import { expect, it } from 'vitest';
import type { Entry } from './entry.ts';
import { type EntryNow, rowOf } from './row-view.ts';

const entry: Entry = {
  id: 'e',
  order: 1,
  source: { path: '/a/a.mp4', fileName: 'a.mp4', bytes: 100, subfolder: '' },
  batchId: 'b',
  batchSize: 1,
  options: { format: 'mp3' },
  backendKey: 'here',
  target: { kind: 'beside' },
  whenTaken: 'keep_both',
  step: { kind: 'new' },
  isHeld: false,
  furthest: 0.4,
  isListed: true,
  durationSeconds: 60,
  warnings: [],
};
const accepted: Entry = { ...entry, step: { kind: 'accepted', conversionId: 'c' } };
const now: EntryNow = {
  backend: 'reachable',
  host: 'h',
  isPaused: false,
  isHandedOver: true,
  sent: 0.5,
  state: 'converting',
  leftSeconds: 40,
  isFresh: false,
  isMissing: false,
};

it.each<[string, Entry, Partial<EntryNow>, number | undefined]>([
  ['uploading', entry, {}, 40],
  ['converting', accepted, {}, 40],
  ['waiting', accepted, { state: 'queued' }, undefined],
  ['paused', entry, { isPaused: true }, undefined],
  ['offline_uploading', entry, { backend: 'unreachable' }, undefined],
  ['offline_converting', accepted, { backend: 'unreachable' }, undefined],
  ['signed_out', accepted, { backend: 'signed_out' }, undefined],
])('the time left of a row that is %s is shown only while something moves', (kind, one, change, left) => {
  const row = rowOf(one, { ...now, ...change }, () => ['a']);
  expect(row.state.kind).toBe(kind);
  expect(row.leftSeconds).toBe(left);
});
