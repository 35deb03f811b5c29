import { describe, expect, it } from 'vitest';
import { errorCodes } from '../../shared/errors.ts';
import {
  cancelHelp,
  convertHelp,
  durationWords,
  failureWords,
  generalHelp,
  listHelp,
  loginHelp,
  logoutHelp,
  progressWords,
  serveHelp,
  sizeWords,
  warningWords,
} from './words.ts';

describe('words', () => {
  it.each(errorCodes)('say %s in whole sentences, with or without the reason that came along', (code) => {
    expect(failureWords(code, '')).toMatch(/^[A-Z].*[.?]$/);
    expect(failureWords(code, 'There are three reasons.')).toMatch(/^There are three reasons\./);
  });

  it('of a warning say where', () => {
    expect(warningWords({ code: 'cut_short', atSeconds: 12.9, ofSeconds: 28.4 })).toMatch(
      /breaks off at 0:13 of 0:28;/,
    );
    expect(warningWords({ code: 'gaps', atSeconds: 61, count: 3 })).toMatch(
      /^3 parts could not be read, the first at 1:01;/,
    );
    expect(warningWords({ code: 'gaps', atSeconds: 61, count: 1 })).toMatch(/^A part could not be read, at 1:01;/);
  });

  it('of a code that is not known are the message that came with it', () => {
    expect(failureWords('too_loud', 'It is too loud.')).toBe('It is too loud.');
    expect(failureWords('constructor', '')).toMatch(/^It failed for a reason .*\.$/);
    expect(warningWords({ code: 'growing', message: 'It is growing.' })).toBe('It is growing.');
    expect(warningWords({ code: 'growing' })).toMatch(/ not know: growing\.$/);
  });

  it.each([
    [0, '0:00'],
    [7.4, '0:07'],
    [59.6, '1:00'],
    [754, '12:34'],
    [3909, '1:05:09'],
    [360_000, '100:00:00'],
  ])('of %d seconds are %s', (seconds, words) => {
    expect(durationWords(seconds)).toBe(words);
  });

  it.each([
    [0, '0 bytes'],
    [999, '999 bytes'],
    [1000, '1.0 kB'],
    [9_440_000, '9.4 MB'],
    [99_960_000, '100 MB'],
    [999_600_000, '1.0 GB'],
    [12_345_678_901_234, '12.3 TB'],
  ])('of %d bytes are %s', (bytes, words) => {
    expect(sizeWords(bytes)).toBe(words);
  });

  it('of progress say what is known', () => {
    expect(progressWords(0.429, 3, 40, 23.4, 65)).toBe(' 42%  3 of 40  23x  1:05 left');
    expect(progressWords(0, 0, 1, undefined, undefined)).toBe('  0%');
    expect(progressWords(0.999, 0, 1, 4.26, 0.2)).toBe(' 99%  4.3x  0:01 left');
    expect(progressWords(1, 2, 2, undefined, 0)).toBe('100%  2 of 2');
  });

  it('of help fit a terminal of 80 columns, and speak of nothing that is not there', () => {
    for (const help of [generalHelp, convertHelp, loginHelp, logoutHelp, listHelp, cancelHelp, serveHelp]) {
      for (const line of help.split('\n')) expect(line.length).toBeLessThan(90);
      expect(help).not.toMatch(/dead|cluster/);
    }
  });
});
