import { describe, expect, it } from 'vitest';
import type { Summary } from '../ipc.ts';
import { backendStatusWords, dropDetail, saveToName } from './setting-words.ts';
import { shortcutWords } from './shortcut-words.ts';
import { spokenSummary, summaryWords } from './summary-words.ts';

const summary: Summary = {
  mode: 'working',
  total: 7,
  done: 3,
  failed: 0,
  unfinished: 4,
  fraction: 0.38,
  savedSeconds: 15_660,
  savedBytes: 359e6,
};

describe('the line above the list', () => {
  it.each([
    [{ leftSeconds: 240 }, '3 of 7 done', 'About 4 min left', '3 of 7 done, about 4 minutes left'],
    [{}, '3 of 7 done', undefined, '3 of 7 done'],
    [{ mode: 'finished', done: 6 }, '6 MP3s saved', '4 h 21 min, 359 MB', '6 MP3s saved'],
    [{ mode: 'finished', done: 1, failed: 1 }, '1 MP3 saved', '4 h 21 min, 359 MB', '1 MP3 saved, 1 failed'],
    [{ mode: 'finished', done: 0, failed: 2 }, 'Nothing saved', undefined, 'Nothing saved, 2 failed'],
    [{ mode: 'offline' }, 'No connection', 'Will resume on its own.', '3 of 7 done'],
    [{ mode: 'paused' }, 'Paused', '3 of 7 done', '3 of 7 done'],
    [{ mode: 'paused', finishing: 2 }, 'Pausing after 2 videos', '3 of 7 done', '3 of 7 done'],
  ] as const)('is as in the table: %o', (change, title, detail, spoken) => {
    const one: Summary = { ...summary, ...change };
    expect(summaryWords(one).title).toBe(title);
    expect(summaryWords(one).detail).toBe(detail);
    expect(spokenSummary(one)).toBe(spoken);
  });
});

describe('the texts of the settings', () => {
  it('say what happens to videos dropped now', () => {
    expect(dropDetail({ kind: 'standard' }, { kind: 'beside' })).toBe('Standard quality, saved next to each video');
    expect(dropDetail({ kind: 'voice' }, { kind: 'folder', folder: ['Movies', 'Talks'] })).toBe(
      'Voice quality, saved in Movies › Talks',
    );
    expect(dropDetail({ kind: 'custom', mono: true }, { kind: 'ask' })).toBe(
      'Custom quality, saved in a folder you choose',
    );
    expect(saveToName({ kind: 'folder', folder: ['Movies', 'Talks'] })).toBe('Movies › Talks');
  });

  it('say where videos are converted, and when the next try is', () => {
    const server = {
      kind: 'server',
      host: 'sound.example.org',
      email: 'you@example.org',
      confirmed: true,
      thisSessionOnly: false,
      readable: false,
    } as const;
    expect(backendStatusWords({ kind: 'none' }, 0)).toBeUndefined();
    expect(backendStatusWords({ kind: 'here', state: 'ready', advisedAtOnce: 2 }, 0)).toEqual({
      text: 'This computer',
      ready: true,
    });
    expect(backendStatusWords({ kind: 'here', state: 'broken', problem: 'No ffmpeg.', advisedAtOnce: 2 }, 0)).toEqual({
      text: 'No ffmpeg.',
      ready: false,
    });
    expect(backendStatusWords({ ...server, connection: 'connected' }, 0)).toEqual({
      text: 'sound.example.org',
      ready: true,
    });
    const offline = { ...server, connection: 'offline', nextTryAt: 20_000 } as const;
    expect(backendStatusWords(offline, 0)?.text).toBe('Retrying in 20 s');
    expect(backendStatusWords(offline, 19_001)?.text).toBe('Retrying in 1 s');
    expect(backendStatusWords(offline, 20_001)?.text).toBe('Retrying…');
  });

  it('write keys as each system does', () => {
    expect(shortcutWords('macos', 'O')).toBe('⌘O');
    expect(shortcutWords('windows', 'O')).toBe('Ctrl+O');
    expect(shortcutWords('macos', 'P', true)).toBe('⇧⌘P');
    expect(shortcutWords('linux', 'P', true)).toBe('Ctrl+Shift+P');
  });
});
