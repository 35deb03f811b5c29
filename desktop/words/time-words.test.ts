import { expect, it } from 'vitest';
import { agoWords, dayHeading } from './time-words.ts';

const now = new Date(2026, 10, 28, 15, 30).getTime();
const minute = 60_000;
const at = (day: number, hour: number, minutes = 0) => new Date(2026, 10, day, hour, minutes).getTime();

it.each([
  [now - 20_000, 'just now'],
  [now - 2.5 * minute, '2 min ago'],
  [at(28, 10, 42), '10:42'],
  [at(27, 23, 59), 'Yesterday'],
  [at(12, 8), '12 November'],
  [new Date(2025, 2, 12).getTime(), '12 March 2025'],
])('%d is written as %s', (time, words) => {
  expect(agoWords(time, now)).toBe(words);
});

it.each([
  [at(28, 0, 1), 'Today'],
  [at(27, 0, 1), 'Yesterday'],
  [at(26, 23, 59), '26 November'],
])('%d has the heading %s', (time, heading) => {
  expect(dayHeading(time, now)).toBe(heading);
});
