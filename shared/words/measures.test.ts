import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  clockWords,
  durationWords,
  leftWords,
  percentOf,
  percentWords,
  roundLeft,
  sizePartWords,
  sizeWords,
  speedWords,
  spokenDuration,
} from './measures.ts';

describe('measures', () => {
  it.each([
    [0, '0 bytes'],
    [999, '999 bytes'],
    [1000, '1 kB'],
    [17_200_000, '17 MB'],
    [8_440_000, '8.4 MB'],
    [999_600_000, '1 GB'],
    [3_200_000_000, '3.2 GB'],
    [359_000_000, '359 MB'],
    [120_000_000_000, '120 GB'],
  ])('writes %d bytes as %s', (bytes, words) => {
    expect(sizeWords(bytes)).toBe(words);
  });

  it('writes a part in the unit of the whole, and never more than the whole', () => {
    expect(sizePartWords(31_000_000, 76_000_000)).toBe('31 of 76 MB');
    expect(sizePartWords(31_000_000, 1_500_000_000)).toBe('0 of 1.5 GB');
    expect(sizePartWords(80_000_000, 76_000_000)).toBe('76 of 76 MB');
  });

  it.each([
    [7, '0:07'],
    [724, '12:04'],
    [2892, '48:12'],
    [3751, '1:02:31'],
    [59.6, '1:00'],
  ])('writes %d s as %s', (seconds, words) => {
    expect(clockWords(seconds)).toBe(words);
  });

  it.each([
    [0, '0 s'],
    [40, '40 s'],
    [59.7, '1 min'],
    [3300, '55 min'],
    [3599, '1 h'],
    [15_660, '4 h 21 min'],
    [14_400, '4 h'],
  ])('writes a length of %d s as %s', (seconds, words) => {
    expect(durationWords(seconds)).toBe(words);
  });

  it.each([
    [0, '0 seconds'],
    [1, '1 second'],
    [724, '12 minutes 4 seconds'],
    [1860, '31 minutes'],
    [14_400, '4 hours'],
    [3661, '1 hour 1 minute 1 second'],
  ])('writes %d s in full as %s', (seconds, words) => {
    expect(spokenDuration(seconds)).toBe(words);
  });

  it.each([
    [1, '10 s left'],
    [33, '40 s left'],
    [50, '50 s left'],
    [51, '1 min left'],
    [95, '2 min left'],
    [240, '4 min left'],
    [12 * 60, '10 min left'],
    [15_660, '4 h 20 min left'],
  ])('rounds %d s left to %s', (seconds, words) => {
    expect(leftWords(seconds)).toBe(words);
  });

  it('rounds the time left idempotently, and never to 0', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e6, noNaN: true }), (seconds) => {
        expect(roundLeft(seconds)).toBeGreaterThanOrEqual(10);
        expect(roundLeft(roundLeft(seconds))).toBe(roundLeft(seconds));
      }),
    );
  });

  it('reads 100% only at the very end, and is exact at each hundredth', () => {
    expect(percentWords(0.9999)).toBe('99%');
    expect(percentWords(1)).toBe('100%');
    expect(percentWords(-0.1)).toBe('0%');
    for (let percent = 0; percent <= 100; percent += 1) expect(percentOf(percent / 100)).toBe(percent);
  });

  it('writes a speed with a decimal only below 10', () => {
    expect([0.84, 9.94, 9.96, 38.2].map(speedWords)).toEqual(['0.8×', '9.9×', '10×', '38×']);
  });
});
