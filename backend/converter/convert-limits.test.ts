import { expect, test } from 'vitest';
import { convertLimits, passLimits } from './convert-limits.ts';

test('the output limit fits an MP3 of the longest allowed duration at the highest bitrate', () => {
  const { outputBytes } = convertLimits({ maxDurationSeconds: 12 * 3600 });
  expect(outputBytes).toBeGreaterThan((12 * 3600 * 320_000) / 8);
});

test('a short source gets less time than a long one', () => {
  const limits = convertLimits({ maxDurationSeconds: 12 * 3600 });
  expect(passLimits(limits, 60)).toEqual({
    wallSeconds: 360,
    cpuSeconds: 360,
    memoryBytes: limits.memoryBytes,
    fileBytes: limits.outputBytes,
  });
});

test('a source of unknown or too long duration gets the most time that is allowed', () => {
  const limits = { ...convertLimits({ maxDurationSeconds: 3600 }), wallSeconds: 50 };
  expect(passLimits(limits, undefined)).toMatchObject({ wallSeconds: 50, cpuSeconds: 3900 });
  expect(passLimits(limits, 1e9)).toMatchObject({ wallSeconds: 50, cpuSeconds: 3900 });
});
