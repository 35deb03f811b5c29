import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitName } from './split-name.ts';

describe('splitName', () => {
  it('keeps the last letters and the extension together', () => {
    expect(splitName('Lecture 12 – Fourier series.mp3')).toEqual(['Lecture 12 – Fourier ', 'series.mp3']);
    expect(splitName('a very long title (second take, final).mkv')).toEqual([
      'a very long title (second take, ',
      'final).mkv',
    ]);
  });

  it('does not split short names', () => {
    expect(splitName('a.mp3')).toEqual(['', 'a.mp3']);
    expect(splitName('')).toEqual(['', '']);
  });

  it('splits joined scripts only between words', () => {
    const [start, end] = splitName('محاضرة ١٢ – مقدمة في تحليل فورييه والتطبيقات.mp4');
    expect(start.endsWith(' ')).toBe(true);
    expect(end).toBe('والتطبيقات.mp4');
  });

  it('never splits a visible character', () => {
    const [start, end] = splitName('Holiday 👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦.mp4');
    expect(start + end).toBe('Holiday 👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦.mp4');
    expect(end.startsWith('\u200d')).toBe(false);
    expect(start.endsWith('\u200d')).toBe(false);
  });

  it('keeps every character of any name', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (name) => splitName(name).join('') === name));
  });
});
