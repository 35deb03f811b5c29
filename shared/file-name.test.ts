import fc from 'fast-check';
import { expect, it } from 'vitest';
import { cutFileName } from './file-name.ts';

it('does not change a name of 255 bytes', () => {
  for (const name of [`${'x'.repeat(251)}.mp3`, 'x'.repeat(255), `${'é'.repeat(125)}x.mp3`]) {
    expect(cutFileName(name)).toBe(name);
  }
});

it('never returns more than 255 bytes, nor part of a character, and keeps the extension', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 400 }), (stem) => {
      const name = cutFileName(`${stem}.mp3`);
      expect(Buffer.byteLength(name)).toBeLessThanOrEqual(255);
      expect(name.isWellFormed()).toBe(true);
      expect(name.endsWith('.mp3') && `${stem}.mp3`.startsWith(name.slice(0, -4))).toBe(true);
    }),
  );
});

it('cuts even a single character that is too long', () => {
  const name = cutFileName(`e${'\u0301'.repeat(200)}.mp3`);
  expect(name).toBe(`e${'\u0301'.repeat(125)}.mp3`);
});
