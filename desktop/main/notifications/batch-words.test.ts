import { expect, test } from 'vitest';
import type { BatchEnd } from '../list/conversion-list.ts';
import { batchWords, failureOf, notificationWords } from './batch-words.ts';

const home = '/home/somebody';

function saved(name: string, more: Partial<BatchEnd['saved'][number]> = {}): BatchEnd['saved'][number] {
  const file = `${home}/Movies/${name}`;
  return { id: name, name, seconds: 3300, bytes: 76_000_000, file, warned: false, ...more };
}

const five = ['1.mp3', '2.mp3', '3.mp3', '4.mp3', '5.mp3'].map((name) =>
  saved(name, { seconds: 3000, bytes: 68_400_000 }),
);
const silent = { id: 'x', name: 'Drone, harbour at dawn.mp4', code: 'no_audio' } as const;
const text = { id: 'y', name: 'notes.mp4', code: 'not_media' } as const;

test.each([
  ['one', [saved('Holiday.mp3')], [], 'Holiday.mp3 is ready', '55 min, 76 MB, saved in Movies.'],
  ['a batch', five, [], '5 videos converted', 'Saved in Movies. 4 h 10 min, 342 MB.'],
  [
    'a batch with a warning',
    [...five.slice(1), saved('1.mp3', { seconds: 3000, bytes: 68_400_000, warned: true })],
    [],
    '5 videos converted, 1 breaks off early',
    'Saved in Movies. 4 h 10 min, 342 MB.',
  ],
  ['a mixed one', five, [silent], '5 converted, 1 failed', 'Drone, harbour at dawn.mp4 has no sound.'],
  [
    'one of an empty track beside another',
    [],
    [{ ...silent, tracks: 2 }, text],
    '2 videos could not be converted',
    'Drone, harbour at dawn.mp4: Its audio track is empty. The video has a second one.',
  ],
  [
    'one that failed as a whole',
    [],
    [text, silent],
    '2 videos could not be converted',
    "notes.mp4: This isn't a video or audio file.",
  ],
  [
    'one that lies in two folders',
    [saved('a.mp3'), saved('b.mp3', { file: `${home}/Music/b.mp3` })],
    [],
    '2 videos converted',
    'Saved in several folders. 1 h 50 min, 152 MB.',
  ],
] as const)('%s has the texts of the table', (_which, done, failed, title, detail) => {
  expect(batchWords({ batchId: 'b', saved: done, failed }, home)).toEqual({ title, detail });
});

test('a right-to-left name does not reverse the text around it', () => {
  expect(batchWords({ batchId: 'b', saved: [saved('שיר.mp3')], failed: [] }, home).title).toBe(
    '\u2068שיר.mp3\u2069 is ready',
  );
});

test('an unknown kind is shown by its own message', () => {
  const failure = { id: 'a', name: 'a.mp4', code: 'unknown', message: 'It is too loud.' } as const;
  expect(failureOf(failure)).toContain('It is too loud.');
  const facts = { counts: { done: 1, failed: 0, warned: 0 }, seconds: 1, bytes: 1, createdAt: '2030-01-01T00:00:00Z' };
  const ids = { id: 'n', batchId: 'b', conversionIds: [] };
  expect(notificationWords({ ...facts, ...ids, kind: 'week', message: 'Your week in sounds.' })).toEqual({
    title: 'Your week in sounds.',
    detail: '',
  });
});
