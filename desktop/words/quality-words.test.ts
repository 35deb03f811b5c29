import { expect, it } from 'vitest';
import type { Quality } from '../ipc.ts';
import { perHourWords } from './quality-words.ts';

it.each<[Quality, string]>([
  [{ kind: 'voice' }, '29 MB per hour'],
  [{ kind: 'standard' }, '86 MB per hour'],
  [{ kind: 'best' }, '144 MB per hour'],
  [{ kind: 'custom', bitrateKbps: 160, mono: false }, '72 MB per hour'],
  [{ kind: 'custom', quality: 9, mono: false }, '29 MB per hour'],
  [{ kind: 'custom', quality: 2, mono: true }, '47 MB per hour'],
])('%j takes %s', (quality, words) => {
  expect(perHourWords(quality)).toBe(words);
});
