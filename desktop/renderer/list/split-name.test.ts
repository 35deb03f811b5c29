import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitName } from './split-name.ts';

describe('splitName', () => {
  it('keeps the last letters and the ending together', () => {
    expect(splitName('Lecture 12 – Fourier series.mp3')).toEqual(['Lecture 12 – Fourier ', 'series.mp3']);
    expect(splitName('a very long title (second take, final).mkv')).toEqual([
      'a very long title (second take, ',
      'final).mkv',
    ]);
  });

  it('leaves short names whole', () => {
    expect(splitName('a.mp3')).toEqual(['', 'a.mp3']);
    expect(splitName('')).toEqual(['', '']);
  });

  it('cuts joined scripts between words only', () => {
    const [start, end] = splitName('محاضرة ١٢ – مقدمة في تحليل فورييه والتطبيقات.mp4');
    expect(start.endsWith(' ')).toBe(true);
    expect(end).toBe('والتطبيقات.mp4');
  });

  it('cuts no character that a person sees as one', () => {
    const [start, end] = splitName('Holiday 👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦.mp4');
    expect(start + end).toBe('Holiday 👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦.mp4');
    expect(end.startsWith('\u200d')).toBe(false);
    expect(start.endsWith('\u200d')).toBe(false);
  });

  it('loses nothing of any name', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (name) => splitName(name).join('') === name));
  });
});
