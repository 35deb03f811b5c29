import { describe, expect, it } from 'vitest';
import { validFileName } from './file-names.ts';

describe('validFileName', () => {
  it.each([
    'talk.mp3',
    'مقابلة.mp3',
    '🎧 mix 👩‍👩‍👧.mp3',
    `it's "quoted".mp3`,
    'two\nlines.mp3',
    '-x.mp3',
    '.hidden.mp3',
    'a:b?.mp3',
    'con.mp3',
  ])('does not change %j on Linux', (name) => {
    expect(validFileName(name, 'linux')).toBe(name);
  });

  it.each([
    ['a:b?*.mp3', 'a_b__.mp3'],
    [`say "hi" <now>|.mp3`, 'say _hi_ _now__.mp3'],
    ['up/../down\\.mp3', 'up_.._down_.mp3'],
    ['two\nlines.mp3', 'two_lines.mp3'],
    ['con.mp3', '_con.mp3'],
    ['NUL', '_NUL'],
    ['Com1.tar.mp3', '_Com1.tar.mp3'],
    ['LPT³.mp3', '_LPT³.mp3'],
    ['aux .mp3', '_aux .mp3'],
    ['console.mp3', 'console.mp3'],
    ['trailing. . ', 'trailing'],
    ['...', '_'],
  ])('turns %j into %j on Windows', (name, valid) => {
    expect(validFileName(name, 'win32')).toBe(valid);
  });

  it.each(['/', '..', '.', '', '\0'])('never returns a path for %j', (name) => {
    for (const platform of ['linux', 'darwin', 'win32'] as const) {
      expect(validFileName(name, platform)).toBe('_');
    }
  });

  it('puts the number before the extension', () => {
    expect(validFileName('talk.mp3', 'linux', 2)).toBe('talk (2).mp3');
    expect(validFileName('talk', 'linux', 1)).toBe('talk (1)');
    expect(validFileName('.mp3', 'linux', 1)).toBe('.mp3 (1)');
  });

  it('cuts a long name before its extension and its number, at 255 bytes', () => {
    expect(Buffer.byteLength(validFileName(`${'x'.repeat(300)}.mp3`, 'linux'))).toBe(255);
    expect(validFileName(`${'x'.repeat(251)}.mp3`, 'linux', 12)).toBe(`${'x'.repeat(246)} (12).mp3`);
  });

  it('does not split a character', () => {
    const family = '👩‍👩‍👧';
    const name = validFileName(`${family.repeat(20)}.mp3`, 'linux');
    expect(name).toBe(`${family.repeat(13)}.mp3`);
    expect(Buffer.byteLength(family) * 14 + 4).toBeGreaterThan(255);
  });

  it('allows 255 UTF-16 units on Windows, whatever their size in bytes', () => {
    const name = `${'字'.repeat(251)}.mp3`;
    expect(validFileName(name, 'win32')).toBe(name);
    expect(validFileName(name, 'linux').length).toBeLessThan(100);
  });

  it('replaces a lone surrogate, which file systems do not preserve', () => {
    expect(validFileName('a\ud83d.mp3', 'linux')).toBe('a\ufffd.mp3');
  });
});
