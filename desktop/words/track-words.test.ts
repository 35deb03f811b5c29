import { expect, it } from 'vitest';
import type { Track } from '../../shared/api.ts';
import { trackFormat, trackName } from './track-words.ts';

it.each<[Track, string, string]>([
  [{ index: 0, codec: 'aac', channels: 2, language: 'en' }, 'Track 1, English', 'stereo, AAC'],
  [{ index: 1, codec: 'ac3', channels: 6, language: 'hr' }, 'Track 2, Croatian', '5.1, AC-3'],
  [{ index: 2, codec: 'opus', channels: 1, language: 'und' }, 'Track 3', 'mono, Opus'],
  [{ index: 3, codec: 'pcm_s16le', channels: 4 }, 'Track 4', '4 channels, pcm_s16le'],
  [{ index: 4, codec: 'dts', channels: 8, title: 'Comments' }, 'Track 5, Comments', '7.1, DTS'],
  [{ index: 5, codec: 'aac', channels: 2, language: 'no language' }, 'Track 6, no language', 'stereo, AAC'],
])('%j has the name %s', (track, name, format) => {
  expect(trackName(track)).toBe(name);
  expect(trackFormat(track)).toBe(format);
});
