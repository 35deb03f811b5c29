import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isAppError } from '../../../shared/errors.ts';
import { walkMp3 } from '../../converter/outputs/mp3/mp3-walk.ts';
import type { BrokenKind } from '../media/broken-media.ts';
import { decodeSound } from '../media/measure-media.ts';
import type { MediaRecipe } from '../media/media-recipe.ts';
import { type MediaConverter, openMediaConverter } from './convert-media.ts';
import { one } from './corpus-entry.ts';
import { complaintsOfMp3val } from './mp3val.ts';

let converter: MediaConverter;
beforeAll(async () => {
  converter = await openMediaConverter();
});
afterAll(() => converter[Symbol.asyncDispose]());

/** Files that are cut short. `isTold` says whether the container reveals it, so that the person can be warned. */
const cutCorpus: readonly { readonly name: string; readonly recipe: MediaRecipe; readonly isTold: boolean }[] = [
  { name: 'MP4, index first', recipe: one('mp4-index-first', {}, { cutAt: 0.5 }), isTold: true },
  { name: 'MKV', recipe: one('mkv', {}, { cutAt: 0.5 }), isTold: true },
  { name: 'WebM', recipe: one('webm', {}, { cutAt: 0.5 }), isTold: true },
  { name: 'AVI', recipe: one('avi', {}, { cutAt: 0.5 }), isTold: true },
  { name: 'FLV', recipe: one('flv', {}, { cutAt: 0.5 }), isTold: true },
  { name: 'WMV', recipe: one('wmv', {}, { cutAt: 0.5 }), isTold: true },
  { name: 'WAV', recipe: one('wav', {}, { cutAt: 0.5 }), isTold: true },
  { name: 'FLAC', recipe: one('flac', {}, { cutAt: 0.5 }), isTold: true },
  { name: 'MP3', recipe: one('mp3', {}, { cutAt: 0.5 }), isTold: true },
  { name: 'MPEG-TS', recipe: one('ts', {}, { cutAt: 0.7 }), isTold: false },
  { name: 'MPEG-PS', recipe: one('mpg', {}, { cutAt: 0.7 }), isTold: false },
  { name: 'WebM, written live', recipe: one('webm-live', {}, { cutAt: 0.7 }), isTold: false },
  { name: 'ADTS', recipe: one('aac', {}, { cutAt: 0.7 }), isTold: false },
];

describe('a file that is cut short', () => {
  test.each(cutCorpus.map((entry) => [entry.name, entry] as const))(
    '%s gives the audio that it contains',
    async (_name, entry) => {
      const source = await converter.media.make(entry.recipe);
      const { cutAt: _cutAt, ...whole } = entry.recipe;
      const wholeSeconds = (await decodeSound(await converter.media.make(whole))).seconds;
      await using converted = await converter.convert(source);
      const expected = await decodeSound(source);
      const mp3 = await walkMp3(converted.path);

      expect(expected.seconds).toBeLessThan(wholeSeconds - 0.5);
      expect(Math.abs(mp3.samples / mp3.sampleRate - expected.seconds)).toBeLessThanOrEqual(
        mp3.samplesPerFrame / mp3.sampleRate,
      );
      expect(await complaintsOfMp3val(converted.path)).toEqual([]);
      if (!entry.isTold) {
        expect(converted.warnings).toEqual([]);
        return;
      }
      const [warning, ...others] = converted.warnings;
      if (warning?.code !== 'cut_short')
        throw new Error(`expected cut_short, not ${JSON.stringify(converted.warnings)}`);
      expect(others).toEqual([]);
      expect(warning.atSeconds).toBeCloseTo(expected.seconds, 1);
      expect(Math.abs(warning.ofSeconds - wholeSeconds)).toBeLessThan(0.25);
    },
  );
});

describe('a file without audio', () => {
  test.each<[BrokenKind, string]>([
    ['empty', 'not_media'],
    ['text', 'not_media'],
    ['garbage', 'not_media'],
    ['image', 'not_media'],
    ['mp4-cut-before-its-index', 'not_media'],
    ['no-audio-track', 'no_audio'],
    ['zero-length-audio', 'no_audio'],
    ['zero-length-wav', 'no_audio'],
  ])('%s is refused as %s', async (kind, code) => {
    const error: unknown = await converter
      .convert(await converter.media.makeBroken(kind))
      .catch((thrown: unknown) => thrown);
    expect(isAppError(error) ? error.code : error).toBe(code);
  });
});
