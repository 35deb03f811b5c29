import { describe, expect, it } from 'vitest';
import { cutToWidth, displayWidth, harmless, harmlessJson } from './terminal-text.ts';

describe('a text for a terminal', () => {
  it.each([
    ['\u001b[2J\u001b]0;owned\u0007.mp4', '\\u{1b}[2J\\u{1b}]0;owned\\u{7}.mp4'],
    ['two\nlines\r\t', 'two\\nlines\\r\\t'],
    ['\u009b31mred', '\\u{9b}31mred'],
    ['back\bspace\u007f', 'back\\u{8}space\\u{7f}'],
    ['talk\u202e4pm.exe', 'talk\\u{202e}4pm.exe'],
    ['\u2066isolated\u2069', '\\u{2066}isolated\\u{2069}'],
    ['line\u2028separator', 'line\\u{2028}separator'],
    ['half \ud83d pair', 'half \ufffd pair'],
  ])('shows %j without control characters', (text, shown) => {
    expect(harmless(text)).toBe(shown);
  });

  it.each(['talk.mp4', 'مقابلة.mp4', '👩‍👩‍👧 film.mp4', "naïve “quotes” \\ / 'x'.mp4", '日本語'])(
    'does not change %j',
    (text) => {
      expect(harmless(text)).toBe(text);
    },
  );

  it('as JSON keeps its meaning and contains nothing that a terminal obeys', () => {
    const value = { name: '\u001b[2J\u009b\u007f\u202e\u2028 "é" 👍' };
    const line = harmlessJson(value);
    expect(JSON.parse(line)).toEqual(value);
    expect(line).not.toMatch(/[\p{Cc}\u202e\u2028]/u);
  });
});

describe('the width of a text', () => {
  it.each([
    ['', 0],
    ['talk', 4],
    ['cafe\u0301', 4],
    ['日本', 4],
    ['한국', 4],
    ['ｆｕｌｌ', 8],
    ['👍🏽', 2],
    ['👩‍👩‍👧', 2],
    ['❤️', 2],
    ['🇩🇪', 2],
    ['مقابلة', 6],
    ['a\u200bb', 2],
  ])('of %j is %i columns', (text, columns) => {
    expect(displayWidth(text)).toBe(columns);
  });

  it('is never exceeded, and cuts are between characters', () => {
    expect(cutToWidth('talk.mp4', 8)).toBe('talk.mp4');
    expect(cutToWidth('talk.mp4', 7)).toBe('talk.m…');
    expect(cutToWidth('日本語', 5)).toBe('日本…');
    expect(cutToWidth('日本語', 4)).toBe('日…');
    expect(cutToWidth('a👩‍👩‍👧b👍', 8)).toBe('a…');
    expect(cutToWidth('a👩‍👩‍👧b👍', 11)).toBe('a👩‍👩‍👧b…');
    expect(cutToWidth('talk', 0)).toBe('');
  });
});
