import { describe, expect, it } from 'vitest';
import { errorCodes } from '../../shared/errors.ts';
import type { Row, RowState, UnsavedReason } from '../ipc.ts';
import { type RowRequest, rowWords, wayOutOf } from './row-words.ts';

const lectures = ['Movies', 'Lectures'];
const movies = ['Movies'];

function rowOf(state: RowState, more: Partial<Row> = {}): Row {
  return { id: 'a', order: 1, sourceName: 'talk.mp4', sourceBytes: 1_500_000_000, weight: 1, state, ...more };
}

type Line = readonly [what: string, row: Row, detail: string, button: string | undefined, request?: RowRequest];

const failed = (state: Omit<RowState & { kind: 'failed' }, 'kind' | 'otherTrack'>, otherTrack = false): Row =>
  rowOf({ kind: 'failed', otherTrack, ...state });

const table: readonly Line[] = [
  ['reading', rowOf({ kind: 'reading' }), 'Reading…', undefined],
  [
    'uploading',
    rowOf({ kind: 'uploading', sentBytes: 0, totalBytes: 76e6, whole: false }),
    '1.5 GB video, uploading 76 MB of audio',
    undefined,
  ],
  [
    'uploading, whole file',
    rowOf({ kind: 'uploading', sentBytes: 0, totalBytes: 1.5e9, whole: true }),
    'Uploading 1.5 GB',
    undefined,
  ],
  ['waiting', rowOf({ kind: 'waiting' }), 'Waiting', undefined],
  ['waiting behind others', rowOf({ kind: 'waiting', before: 2 }), 'Waiting, 2 ahead', undefined],
  ['waiting, next', rowOf({ kind: 'waiting', before: 0 }), 'Waiting, next in line', undefined],
  ['converting', rowOf({ kind: 'converting', speed: 38.2 }), 'Converting at 38× speed', undefined],
  ['converting, speed unknown', rowOf({ kind: 'converting' }), 'Converting', undefined],
  ['saving', rowOf({ kind: 'saving', folder: lectures }), 'Saving in Movies › Lectures', undefined],
  ['done', rowOf({ kind: 'done', folder: lectures }), 'Saved in Movies › Lectures', 'Show in folder', 'showInFolder'],
  [
    'done, another track',
    rowOf({ kind: 'done', folder: movies }, { track: 1 }),
    'Saved in Movies, track 2',
    'Show in folder',
    'showInFolder',
  ],
  [
    'done, name taken',
    rowOf({ kind: 'done', folder: movies, kept: 'NAME.mp3' }),
    'Saved in Movies. NAME.mp3 already existed and was kept.',
    'Show in folder',
    'showInFolder',
  ],
  [
    'done, cut_short',
    rowOf({ kind: 'done', folder: movies, warning: { code: 'cut_short', atSeconds: 760, ofSeconds: 3312 } }),
    'Saved in Movies. The video breaks off at 12:40 of 55:12.',
    'Show in folder',
    'showInFolder',
  ],
  [
    'done, gaps',
    rowOf({ kind: 'done', folder: movies, warning: { code: 'gaps', atSeconds: 760, count: 3 } }),
    'Saved in Movies. 3 parts could not be read, the first at 12:40.',
    'Details',
    'details',
  ],
  [
    'done, one gap',
    rowOf({ kind: 'done', folder: movies, warning: { code: 'gaps', atSeconds: 760, count: 1 } }),
    'Saved in Movies. 1 part could not be read, at 12:40.',
    'Details',
    'details',
  ],
  [
    'done, but gone since',
    rowOf({ kind: 'done', folder: movies, missing: true }),
    'The MP3 is no longer in Movies.',
    'Convert again',
    'convertAgain',
  ],
  [
    'folder away',
    rowOf({ kind: 'unsaved', reason: 'folder_away' }),
    'The folder is missing. The MP3 is kept until you choose another folder.',
    'Save as…',
    'saveElsewhere',
  ],
  [
    'disk full, here',
    rowOf({ kind: 'unsaved', reason: 'disk_full', folder: movies, neededBytes: 66e6 }),
    'Not enough space in Movies: 66 MB needed. Will resume on its own.',
    'Choose another folder…',
    'saveElsewhere',
  ],
  ['paused', rowOf({ kind: 'paused' }, { fraction: 0.41 }), 'Paused at 41%', 'Resume', 'continueRow'],
  ['paused before it began', rowOf({ kind: 'paused' }), 'Paused', 'Resume', 'continueRow'],
  [
    'offline, uploading',
    rowOf({ kind: 'offline_uploading', sentBytes: 31e6, totalBytes: 76e6 }),
    'No connection. Will resume on its own at 31 of 76 MB.',
    undefined,
  ],
  [
    'offline, converting there',
    rowOf({ kind: 'offline_converting' }),
    'Still converting on the server. Progress returns with the connection.',
    undefined,
  ],
  [
    'signed out',
    rowOf({ kind: 'signed_out', host: 'sound.example.org' }),
    'Waiting for you to sign in',
    'Sign in',
    'signIn',
  ],
  ['cancelled', rowOf({ kind: 'cancelled' }), 'Cancelled', 'Retry', 'retry'],
  ['not_media', failed({ code: 'not_media' }), "This isn't a video or audio file.", undefined],
  ['no_audio', failed({ code: 'no_audio' }), 'This video has no sound.', 'Show video', 'showSource'],
  [
    'no_audio, other tracks',
    failed({ code: 'no_audio' }, true),
    'Its audio track is empty. The video has a second one.',
    'Choose another track…',
    'tracks',
  ],
  ['damaged', failed({ code: 'damaged' }), 'Its audio cannot be read.', 'Details', 'details'],
  [
    'damaged, other tracks',
    failed({ code: 'damaged' }, true),
    'Its audio track is damaged. The video has a second one.',
    'Choose another track…',
    'tracks',
  ],
  [
    'too_long',
    failed({ code: 'too_long', details: { limitSeconds: 14_400 }, host: 'sound.example.org' }),
    'Longer than the 4 hours that sound.example.org accepts.',
    'Convert on this computer',
    'convertHere',
  ],
  [
    'too_long, here',
    failed({ code: 'too_long', details: { limitSeconds: 14_400 } }),
    'Longer than the 4 hours that this computer accepts.',
    undefined,
  ],
  ['timed_out', failed({ code: 'timed_out' }), 'Took too long and was stopped.', 'Retry', 'retry'],
  [
    'a code that is not known',
    failed({ code: 'unknown', message: 'It is too loud.' }),
    'It is too loud.',
    'Retry',
    'retry',
  ],
  [
    'a warning that is not known',
    rowOf({ kind: 'done', folder: movies, warning: { code: 'too_loud', message: 'It was still growing.' } }),
    'Saved in Movies. It was still growing.',
    'Show in folder',
    'showInFolder',
  ],
  [
    'converter_failed',
    failed({ code: 'converter_failed', details: { atSeconds: 760 } }),
    'The conversion stopped at 12:40.',
    'Details',
    'details',
  ],
  [
    'file gone',
    failed({ code: 'source_missing' }),
    'The video is no longer where it was.',
    'Find video…',
    'findSource',
  ],
];

describe('the texts of a row', () => {
  it.each(table.map((line) => ({ what: line[0], line })))('are as in the table: $what', ({ line }) => {
    const [, row, detail, button, request] = line;
    const words = rowWords(row);
    expect(words.detail).toBe(detail);
    expect(words.action?.label).toBe(button);
    expect(words.action?.request).toBe(request);
  });

  it('use the name of the video until there is an MP3, then the name of the MP3', () => {
    const named = { targetName: 'talk (1).mp3' };
    expect(rowWords(rowOf({ kind: 'converting' }, named)).title).toBe('talk.mp4');
    expect(rowWords(rowOf({ kind: 'done', folder: movies }, named)).title).toBe('talk (1).mp3');
    expect(rowWords(rowOf({ kind: 'unsaved', reason: 'read_only' }, named)).title).toBe('talk (1).mp3');
  });

  it.each(errorCodes)('have a sentence for %s, on this computer and on a server', (code) => {
    for (const host of [undefined, 'sound.example.org']) {
      const { detail } = rowWords(failed({ code, ...(host === undefined ? {} : { host }) }));
      expect(detail).toMatch(/^[A-Zs].*[.d]$/);
      expect(detail).not.toMatch(/please|error|oops|!|undefined/i);
    }
  });

  it.each<UnsavedReason>(['folder_away', 'disk_full', 'read_only'])(
    'say what happens to an MP3 that is not saved: %s',
    (reason) => {
      expect(rowWords(rowOf({ kind: 'unsaved', reason })).detail).toMatch(/\.$/);
      expect(rowWords(rowOf({ kind: 'unsaved', reason })).action?.request).toBe('saveElsewhere');
    },
  );

  it('isolate a right-to-left name, and remove direction marks', () => {
    const detail = (kept: string): string => rowWords(rowOf({ kind: 'done', folder: movies, kept })).detail;
    expect(detail('محاضرة.mp3')).toContain('\u2068محاضرة.mp3\u2069 already existed');
    expect(detail('talk\u202egpj.mp3')).toContain('talkgpj.mp3 already existed');
  });

  it('do not treat a name as a message', () => {
    const kept = "{count, plural, other {#}} <b>it's</b>.mp3";
    expect(rowWords(rowOf({ kind: 'done', folder: movies, kept })).detail).toContain(kept);
  });

  it('offer to cancel an unfinished row and to remove an ended one', () => {
    expect(wayOutOf({ kind: 'reading' })).toBe('cancel');
    expect(wayOutOf({ kind: 'paused' })).toBe('cancel');
    expect(wayOutOf({ kind: 'signed_out', host: 'h' })).toBe('cancel');
    expect(wayOutOf({ kind: 'done', folder: movies })).toBe('remove');
    expect(wayOutOf({ kind: 'failed', code: 'damaged', otherTrack: false })).toBe('remove');
    expect(wayOutOf({ kind: 'cancelled' })).toBe('remove');
  });
});
