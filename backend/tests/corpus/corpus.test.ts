import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isAppError } from '../../../shared/errors.ts';
import { type ConvertedFile, convertFile } from '../../converter/convert-file.ts';
import { convertLimits } from '../../converter/convert-limits.ts';
import { locateFfmpeg } from '../../converter/locate-ffmpeg.ts';
import { walkMp3 } from '../../converter/mp3-walk.ts';
import { maxPeaks } from '../../converter/peaks.ts';
import { type Ffmpeg, openFfmpeg } from '../../converter/run-ffmpeg.ts';
import type { BrokenKind } from '../media/broken-media.ts';
import { type MediaFolder, openMediaFolder } from '../media/make-media.ts';
import { decodeSound, probeMedia } from '../media/measure-media.ts';
import { type CorpusEntry, corpus, cutCorpus } from './corpus-entries.ts';
import { complaintsOfMp3val } from './mp3val.ts';

let media: MediaFolder;
let ffmpeg: Ffmpeg;
beforeAll(async () => {
  media = await openMediaFolder();
  ffmpeg = await openFfmpeg(await locateFfmpeg({ searchPath: process.env['PATH'] ?? '' }));
});
afterAll(() => media[Symbol.asyncDispose]());

/** Converts into a folder of its own, which is gone when the test is over. */
async function convert(
  sourcePath: string,
  options: CorpusEntry['options'] = {},
): Promise<ConvertedFile & AsyncDisposable> {
  const workFolder = await mkdtemp(join(media.path, 'work-'));
  const limits = convertLimits({ maxDurationSeconds: 60 });
  const converted = await convertFile({
    ffmpeg,
    sourcePath,
    workFolder,
    limits,
    options: { format: 'mp3', ...options },
  });
  return { ...converted, [Symbol.asyncDispose]: () => rm(workFolder, { recursive: true }) };
}

describe('every kind of file', () => {
  test.each(corpus.map((entry) => [entry.name, entry] as const))(
    '%s becomes an MP3 of all its sound',
    async (_name, entry) => {
      const source = await media.make(entry.recipe);
      await using converted = await convert(source, entry.options);
      const expected = await decodeSound(source, entry.track);
      const mp3 = await walkMp3(converted.path);

      const frameSeconds = mp3.samplesPerFrame / mp3.sampleRate;
      expect(Math.abs(mp3.samples / mp3.sampleRate - expected.seconds)).toBeLessThanOrEqual(frameSeconds);
      expect(Math.abs(converted.durationSeconds - expected.seconds)).toBeLessThanOrEqual(frameSeconds);
      expect(mp3).toMatchObject({ sampleRate: entry.sampleRate ?? 44100, channels: entry.channels ?? 2 });
      expect(converted).toMatchObject({ bytes: mp3.bytes, sha256: mp3.sha256, warnings: [] });
      expect(await complaintsOfMp3val(converted.path)).toEqual([]);

      // What another decoder than our own eyes makes of it: as long, and the same tone.
      const heard = await decodeSound(converted.path);
      expect(heard.samples).toBe(mp3.samples);
      if (expected.seconds > 1) expect(Math.abs(heard.hertz - expected.hertz)).toBeLessThan(0.05 * expected.hertz);
      expect(converted.peaks).toHaveLength(Math.min(maxPeaks, Math.round(expected.seconds * mp3.sampleRate)));
      expect(Math.max(...converted.peaks)).toBeGreaterThan(5);

      const { format, streams } = await probeMedia(converted.path);
      const { encoder: _encoder, ...tags } = format.tags ?? {};
      expect(tags).toEqual(entry.tags ?? {});
      const pictures = streams.filter((stream) => stream.codec_type === 'video');
      const { cover } = entry.recipe;
      expect(pictures.map((picture) => picture.codec_name)).toEqual(
        cover ? [{ jpeg: 'mjpeg', png: 'png' }[cover]] : [],
      );
    },
  );
});

describe('a file that breaks off', () => {
  test.each(cutCorpus.map((entry) => [entry.name, entry] as const))(
    '%s gives the sound that is there',
    async (_name, entry) => {
      const source = await media.make(entry.recipe);
      const { cutAt: _cutAt, ...whole } = entry.recipe;
      const wholeSeconds = (await decodeSound(await media.make(whole))).seconds;
      await using converted = await convert(source);
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

describe('a file without sound', () => {
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
    const error: unknown = await convert(await media.makeBroken(kind)).catch((thrown: unknown) => thrown);
    expect(isAppError(error) ? error.code : error).toBe(code);
  });
});
