import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { walkMp3 } from '../../converter/outputs/mp3/mp3-walk.ts';
import { maxPeaks } from '../../converter/peaks.ts';
import { decodeSound, probeMedia } from '../media/measure-media.ts';
import { type MediaConverter, openMediaConverter } from './convert-media.ts';
import type { CorpusEntry } from './corpus-entry.ts';
import { complaintsOfMp3val } from './mp3val.ts';

/** Converts each file of a corpus, and checks the MP3 with other programs and by its frames. */
export function describeCorpus(name: string, entries: readonly CorpusEntry[]): void {
  describe(name, () => {
    let converter: MediaConverter;
    beforeAll(async () => {
      converter = await openMediaConverter();
    });
    afterAll(() => converter[Symbol.asyncDispose]());

    test.each(entries.map((entry) => [entry.name, entry] as const))(
      '%s becomes an MP3 of all its audio',
      async (_name, entry) => {
        const source = await converter.media.make(entry.recipe);
        await using converted = await converter.convert(source, entry.options);
        const expected = await decodeSound(source, entry.track);
        const mp3 = await walkMp3(converted.path);

        const frameSeconds = mp3.samplesPerFrame / mp3.sampleRate;
        expect(Math.abs(mp3.samples / mp3.sampleRate - expected.seconds)).toBeLessThanOrEqual(frameSeconds);
        expect(Math.abs(converted.durationSeconds - expected.seconds)).toBeLessThanOrEqual(frameSeconds);
        expect(mp3).toMatchObject({ sampleRate: entry.sampleRate ?? 44100, channels: entry.channels ?? 2 });
        expect(converted).toMatchObject({ bytes: mp3.bytes, sha256: mp3.sha256, warnings: [] });
        expect(await complaintsOfMp3val(converted.path)).toEqual([]);

        // Another decoder must find the same duration and the same tone.
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
}
