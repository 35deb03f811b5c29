import { expect, test } from 'vitest';
import { convertLimits, passLimits } from './convert-limits.ts';

test('an MP3 of the longest sound that is allowed, at the highest bit rate, fits', () => {
  const { outputBytes } = convertLimits({ maxDurationSeconds: 12 * 3600 });
  expect(outputBytes).toBeGreaterThan((12 * 3600 * 320_000) / 8);
});

test('a short sound does not get the time of a long one', () => {
  const limits = convertLimits({ maxDurationSeconds: 12 * 3600 });
  expect(passLimits(limits, 60)).toEqual({
    wallSeconds: 360,
    cpuSeconds: 360,
    memoryBytes: limits.memoryBytes,
    fileBytes: limits.outputBytes,
  });
});

test('a sound of unknown length, or of more than is allowed, gets all the time there is', () => {
  const limits = { ...convertLimits({ maxDurationSeconds: 3600 }), wallSeconds: 50 };
  expect(passLimits(limits, undefined)).toMatchObject({ wallSeconds: 50, cpuSeconds: 3900 });
  expect(passLimits(limits, 1e9)).toMatchObject({ wallSeconds: 50, cpuSeconds: 3900 });
});
