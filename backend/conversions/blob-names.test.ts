import { describe, expect, it } from 'vitest';
import type { ConversionRow } from '../ports/conversion-store.ts';
import { mp3BlobId, parseMp3BlobId, wantsMp3, wantsVideo } from './blob-names.ts';

const row = { id: '0190-ab', attempt: 2, state: 'converting', warnings: [] } as unknown as ConversionRow;

describe('the names of blobs', () => {
  it('gives each attempt its own MP3, and reads the attempt back from the name', () => {
    expect(mp3BlobId(row)).toBe('0190-ab-2');
    expect(parseMp3BlobId('0190-ab-2')).toEqual({ id: '0190-ab', attempt: 2 });
    for (const other of ['', 'ab', '-2', 'ab-0', 'ab-x', 'ab-01']) expect(parseMp3BlobId(other)).toBeUndefined();
  });

  it.each([
    ['without a row', undefined, false],
    ['while it is converted', row, true],
    ['when its video is given up', { ...row, state: 'failed', sourceGone: true }, false],
    ['when it failed a moment ago', { ...row, state: 'failed' }, true],
    ['when it is removed', { ...row, state: 'failed', removedAt: 'x' }, false],
  ] as const)('knows whether a video is wanted %s', (_, row, wanted) => {
    expect(wantsVideo(row)).toBe(wanted);
  });

  it.each([
    ['without a row', undefined, 2, false],
    ['of the running attempt', row, 2, true],
    ['of an attempt before', row, 1, false],
    ['of an attempt that this process has not heard of yet', row, 3, true],
    ['of an attempt that may be taken again', { ...row, state: 'queued' }, 2, true],
    ['of a done one', { ...row, state: 'done' }, 2, true],
    ['of a cancelled one', { ...row, state: 'cancelled' }, 2, false],
    ['of a failed one', { ...row, state: 'failed' }, 2, false],
    ['of a removed one', { ...row, state: 'done', removedAt: 'x' }, 2, false],
  ] as const)('knows whether an MP3 is wanted: %s', (_, row, attempt, wanted) => {
    expect(wantsMp3(row, attempt)).toBe(wanted);
  });
});
