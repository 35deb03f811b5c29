import { describe, expect, it } from 'vitest';
import {
  cancelHelp,
  convertHelp,
  deadHelp,
  generalHelp,
  listHelp,
  loginHelp,
  logoutHelp,
  progressWords,
  serveHelp,
  warningWords,
} from './words.ts';

describe('words', () => {
  it('say where a video breaks off, and what the MP3 contains', () => {
    expect(warningWords({ code: 'cut_short', atSeconds: 12.9, ofSeconds: 28.4 })).toMatch(
      /breaks off at 0:13 of 0:28\. The MP3 has everything up to there\./,
    );
    expect(warningWords({ code: 'gaps', atSeconds: 61, count: 3 })).toMatch(
      /^3 parts could not be read, the first at 1:01\. The MP3 has the rest\./,
    );
  });

  it('show the known parts of the progress', () => {
    expect(progressWords(0.429, 3, 40, 23.4, 65)).toBe(' 42%  3 of 40  23x  1:05 left');
    expect(progressWords(0, 0, 1, undefined, undefined)).toBe('  0%');
    expect(progressWords(0.999, 0, 1, 4.26, 0.2)).toBe(' 99%  4.3x  0:01 left');
    expect(progressWords(1, 2, 2, undefined, 0)).toBe('100%  2 of 2');
  });

  it('fit a terminal of 80 columns, and name no command that does not exist', () => {
    for (const help of [generalHelp, convertHelp, loginHelp, logoutHelp, listHelp, cancelHelp, serveHelp, deadHelp]) {
      for (const line of help.split('\n')) expect(line.length).toBeLessThan(90);
      expect(help).not.toMatch(/cluster/);
    }
  });
});
