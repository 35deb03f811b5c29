import fc from 'fast-check';
import { expect, test } from 'vitest';
import { trayImageName } from './tray-image-names.ts';

test.each([
  ['macos', true, 'idleTemplate.png'],
  ['macos', false, 'idleTemplate.png'],
  ['windows', true, 'idle-white.ico'],
  ['windows', false, 'idle-black.ico'],
  ['linux', true, 'idle-white.png'],
  ['linux', false, 'idle-black.png'],
] as const)('names the idle image of %s on a dark panel: %s', (system, onDark, name) => {
  expect(trayImageName({ kind: 'idle' }, system, onDark)).toBe(name);
});

test.each([
  [0, '05'],
  [0.049, '05'],
  [0.0999, '05'],
  [0.1, '10'],
  [0.15, '15'],
  [0.29, '25'],
  [0.3, '30'],
  [0.949, '90'],
  [0.95, '95'],
  [1, '95'],
  [Number.NaN, '05'],
])('never shows more of the ring than the progress: %f', (fraction, percent) => {
  expect(trayImageName({ kind: 'working', fraction }, 'linux', false)).toBe(`working-${percent}-black.png`);
});

test('moves the ring forward only when the progress increases', () => {
  const ring = (fraction: number): string => trayImageName({ kind: 'working', fraction }, 'windows', true);
  fc.assert(
    fc.property(
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (one, other) => {
        expect(ring(Math.min(one, other)) <= ring(Math.max(one, other))).toBe(true);
      },
    ),
  );
});
