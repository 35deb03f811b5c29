import { expect, it } from 'vitest';
import type { Entry } from './entry.ts';
import { detailsOf } from './entry-details.ts';

const entry: Entry = {
  id: 'e',
  order: 1,
  source: { path: '/home/me/Secret talk.mp4', fileName: 'Secret talk.mp4', bytes: 1.5e9, subfolder: '' },
  batchId: 'b',
  batchSize: 1,
  options: { format: 'mp3', bitrateKbps: 192, channels: 1, track: 1 },
  backendKey: 'here',
  target: { kind: 'beside' },
  whenTaken: 'keep_both',
  step: {
    kind: 'failed',
    code: 'converter_failed',
    message: 'The converter stopped before it had finished.',
    details: { atSeconds: 760.000_362_811 },
    conversionId: 'c',
  },
  isHeld: false,
  furthest: 0.4,
  isListed: true,
  attempt: 2,
  durationSeconds: 2892.000_362_811,
  tracks: [
    { index: 0, codec: 'aac', channels: 2, title: 'Secret' },
    { index: 1, codec: 'ac3', channels: 1 },
  ],
  warnings: [{ code: 'gaps', atSeconds: 61, count: 3 }],
};

it('shows words for people: no codes, options or names of fields, and tracks counted from 1', () => {
  expect(detailsOf(entry)?.report.split('\n')).toEqual([
    'The converter stopped before it had finished.',
    'Attempt 2',
    'Video: 1.5 GB, 48:12',
    'Track 1: stereo, AAC',
    'Track 2: mono, AC-3 (chosen)',
    'Quality: 192 kbit/s, mono',
    '3 parts could not be read, the first at 1:01.',
  ]);
});

it('does not repeat the sentence that is its title', () => {
  const { code, message } = { code: 'not_media', message: "This isn't a video or audio file." } as const;
  const plain: Entry = {
    ...entry,
    options: { format: 'mp3' },
    step: { kind: 'failed', code, message, conversionId: 'c' },
    warnings: [],
  };
  expect(detailsOf({ ...plain, tracks: [] })).toMatchObject({
    code,
    report: 'Attempt 2\nVideo: 1.5 GB, 48:12\nQuality: High (V2)',
  });
});
