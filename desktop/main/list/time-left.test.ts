import { expect, it } from 'vitest';
import { roundTimeLeft, steadyTimeLeft } from './time-left.ts';

it.each([
  [1, 10],
  [14, 10],
  [36, 40],
  [54, 50],
  [56, 60],
  [89, 60],
  [95, 120],
  [569, 540],
  [600, 600],
  [3700, 3600],
])('%d seconds are shown as %d', (seconds, shown) => {
  expect(roundTimeLeft(seconds)).toBe(shown);
});

it('is not shown in the first seconds, and then changes at most every two seconds', () => {
  const left = steadyTimeLeft(100);
  expect(left.read(60, 101)).toBeUndefined();
  expect(left.read(60, 104.9)).toBeUndefined();
  expect(left.read(60, 105)).toBe(60);
  expect(left.read(30, 106)).toBe(60);
  expect(left.read(30, 107)).toBe(30);
  expect(left.read(undefined, 109)).toBeUndefined();
});
