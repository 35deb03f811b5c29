import { copyFile, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isAppError } from '../../../shared/errors.ts';
import { type MediaFolder, openMediaFolder } from '../../tests/media/make-media.ts';
import { decodeSound, probeMedia } from '../../tests/media/measure-media.ts';
import type { AudioRecipe, MediaRecipe } from '../../tests/media/media-recipe.ts';
import { declaredDuration, findCutShort, type TrackProbe } from './declared-duration.ts';

let media: MediaFolder;
beforeAll(async () => {
  media = await openMediaFolder();
});
afterAll(() => media[Symbol.asyncDispose]());

const seconds = 3;

async function probeTrack(path: string): Promise<TrackProbe> {
  const { format, streams } = await probeMedia(path);
  const track = streams.find((stream) => stream.codec_type === 'audio');
  if (track === undefined) throw new Error(`no audio track in ${path}`);
  return { format, track };
}

async function look(path: string) {
  const probe = await probeTrack(path);
  const { size: bytes } = await stat(path);
  const decoded = (await decodeSound(path)).seconds;
  return {
    probe,
    bytes,
    decoded,
    declared: (await declaredDuration(probe, path, bytes))?.seconds,
    warning: await findCutShort(probe, { path, bytes }, decoded),
  };
}

/** The position of the first tag of an FLV after `position`. */
function tagStart(flv: Buffer, position: number): number {
  let at = 13;
  while (at < position) at += 15 + flv.readUIntBE(at + 1, 3);
  return at;
}

type Row = readonly [container: MediaRecipe['container'], audio?: AudioRecipe, more?: Partial<MediaRecipe>];

/** Gives each row a name for the test's output. */
function named(rows: readonly Row[]): [name: string, recipe: MediaRecipe][] {
  return rows.map(([container, audio = {}, more = {}]) => {
    const words = [container, ...Object.entries({ ...audio, ...more }).map(([key, value]) => `${key} ${value}`)];
    return [words.join(', '), { container, seconds, audio: [audio], ...more }];
  });
}

const opus: AudioRecipe = { codec: 'libopus', sampleRate: 48000 };
const late: AudioRecipe = { startsAt: 1 };

/** These state the exact duration of the track. */
const exact: readonly Row[] = [
  ['mp4-index-first'],
  ['mp4-index-first', { codec: 'aac', sampleRate: 8000, channels: 1 }],
  ['mp4-index-first', { codec: 'aac', sampleRate: 96000 }],
  ['mp4-index-first', { codec: 'alac' }],
  ['mp4-index-first', { codec: 'ac3', channels: 6 }],
  ['mp4-index-first', { codec: 'eac3' }],
  ['mp4-index-first', { codec: 'libmp3lame' }],
  ['mp4-index-first', opus],
  ['mp4-index-first', { codec: 'flac' }],
  ['mp4-index-first', late],
  ['mp4-index-first', {}, { editedFrom: 1.3 }],
  ['mov-index-first', { codec: 'pcm_s16le' }],
  ['mov-index-first', { codec: 'pcm_s16le' }, { editedFrom: 1.3 }],
  ['mp4-dash'],
  ['mkv'],
  ['mkv', late],
  ['mkv', { codec: 'flac' }],
  ['mkv', { codec: 'pcm_s24le' }],
  ['mkv', { codec: 'libvorbis' }],
  ['mkv', { codec: 'dca', sampleRate: 48000 }],
  ['webm'],
  ['webm', late],
  ['webm', opus, { picture: false }],
  ['avi'],
  ['avi', { codec: 'libmp3lame', encoder: ['-q', '4'] }],
  ['avi', { codec: 'pcm_s16le' }],
  ['avi', { codec: 'ac3' }],
  ['avi', { codec: 'adpcm_ms' }],
  ['wav'],
  ['wav', { codec: 'pcm_s24le', channels: 6, sampleRate: 96000 }],
  ['wav', { codec: 'adpcm_ima_wav' }],
  ['wav', {}, { tags: { title: 'A chunk before the sound' } }],
  ['aiff'],
  ['flac'],
  ['mp3'],
  ['mp3', { encoder: ['-q', '3'] }, { cover: 'png', tags: { title: 'Covered' } }],
];

/** These state only the duration of the whole file, which is used if bytes are missing. */
const filmOnly: readonly Row[] = [['flv'], ['flv', { codec: 'aac' }], ['flv', late], ['wmv'], ['wmv', late]];

/** These state nothing, or nothing that is left after the cut. */
const nothing: readonly Row[] = [
  ['mkv-live'],
  ['webm-live'],
  ['ts'],
  ['m2ts'],
  ['mpg'],
  ['vob'],
  ['ogg'],
  ['ogv'],
  ['aac'],
  ['wav-live'],
  ['flac-live'],
  ['mp3-live'],
];

describe('declaredDuration', () => {
  test.each(named(exact))('is the real duration, even if half the file is missing: %s', async (_name, recipe) => {
    const whole = await look(await media.make(recipe));
    expect(Math.abs((whole.declared ?? 0) - whole.decoded)).toBeLessThan(0.1);
    expect(whole.warning).toBeUndefined();
    const half = await look(await media.make({ ...recipe, cutAt: 0.5 }));
    expect(half.decoded).toBeLessThan(whole.decoded - 0.7);
    expect(Math.abs((half.declared ?? 0) - whole.decoded)).toBeLessThan(0.1);
    expect(half.warning).toEqual({ code: 'cut_short', atSeconds: half.decoded, ofSeconds: half.declared });
  });

  test.each(named(filmOnly))('is that of the whole file if the file is cut: %s', async (_name, recipe) => {
    const whole = await look(await media.make(recipe));
    expect(whole).toMatchObject({ declared: undefined, warning: undefined });
    const half = await look(await media.make({ ...recipe, cutAt: 0.5 }));
    expect(Math.abs((half.declared ?? 0) - whole.decoded)).toBeLessThan(0.25);
    expect(half.warning).toMatchObject({ code: 'cut_short', atSeconds: half.decoded });
  });

  test.each(named(nothing))('is undefined if nothing exact is stated: %s', async (_name, recipe) => {
    expect(await look(await media.make(recipe))).toMatchObject({ declared: undefined, warning: undefined });
    const half = await look(await media.make({ ...recipe, cutAt: 0.8 }));
    expect(half).toMatchObject({ declared: undefined, warning: undefined });
  });

  test('of fragments without an index ends with the last fragment that has a header', async () => {
    const recipe: MediaRecipe = { container: 'mp4-fragmented', seconds: 5.3 };
    expect((await look(await media.make(recipe))).warning).toBeUndefined();
    const half = await look(await media.make({ ...recipe, cutAt: 0.5 }));
    expect(half.warning?.ofSeconds).toBeGreaterThan(half.decoded + 0.5);
    expect(half.warning?.ofSeconds).toBeLessThanOrEqual(5.3);
  });

  test('of fragments is what the segment index says, even if the file ends between two of them', async () => {
    const whole = await media.make({ container: 'mp4-dash', seconds: 3 });
    const bytes = await readFile(whole);
    const path = join(media.path, 'two-fragments.mp4');
    const secondFragment = bytes.indexOf('moof', bytes.indexOf('moof') + 1) - 4;
    await writeFile(path, bytes.subarray(0, secondFragment));
    expect((await look(path)).warning?.ofSeconds).toBeCloseTo((await look(whole)).decoded, 1);
  });

  test('of an FLV is used if the file ends within a tag, or is smaller than it states', async () => {
    const bytes = await readFile(await media.make({ container: 'flv', seconds }));
    const path = join(media.path, 'cut.flv');
    const middle = tagStart(bytes, bytes.length / 2);
    await writeFile(path, bytes.subarray(0, middle));
    expect((await look(path)).warning?.ofSeconds).toBeGreaterThan(seconds);
    bytes.write('fILESIZE', bytes.indexOf('filesize'));
    await writeFile(path, bytes.subarray(0, middle + 20));
    expect((await look(path)).warning?.ofSeconds).toBeGreaterThan(seconds);
    await writeFile(path, bytes.subarray(0, middle));
    expect((await look(path)).warning).toBeUndefined();
  });

  test('of a WAVE is found after a chunk of odd length', async () => {
    const bytes = await readFile(await media.make({ container: 'wav', seconds }));
    const path = join(media.path, 'odd.wav');
    const oddChunk = Buffer.from('junk\u0003\0\0\0abc\0', 'latin1');
    await writeFile(path, Buffer.concat([bytes.subarray(0, 36), oddChunk, bytes.subarray(36)]));
    expect((await look(path)).declared).toBeCloseTo(seconds, 3);
  });

  test('of a Matroska without statistics is that of the Segment if it is longer than the file', async () => {
    const path = join(media.path, 'untagged.mkv');
    const bytes = await readFile(await media.make({ container: 'mkv', seconds }));
    for (let at = bytes.indexOf('DURATION'); at >= 0; at = bytes.indexOf('DURATION', at)) bytes.write('X', at);
    await writeFile(path, bytes);
    const whole = await look(path);
    expect(whole).toMatchObject({ declared: undefined, warning: undefined });
    await truncate(path, Math.floor(bytes.length * 0.6));
    const cut = await look(path);
    expect(Math.abs((cut.declared ?? 0) - whole.decoded)).toBeLessThan(0.25);
    expect(cut.warning?.atSeconds).toBe(cut.decoded);
  });

  test('is also read from a tag with a language, less the track’s late start', async () => {
    const path = await media.make({ container: 'mkv', seconds });
    const format = { format_name: 'matroska,webm', duration: '9000.0' };
    const track = { start_time: '1.500000', tags: { 'DURATION-eng': '02:03:04.250000000' } };
    const declared = await declaredDuration({ format, track }, path, (await stat(path)).size);
    expect(declared?.seconds).toBe(7384.25 - 1.5);
  });
});

describe('findCutShort', () => {
  test.each(
    named([
      ['mp4-fragmented', late],
      ['avi', late],
      ['avi', { codec: 'pcm_s16le', startsAt: 1 }],
      ['mp4-fragmented', {}, { editedFrom: 1.3 }],
      ['flv', { seconds: 1.5 }],
      ['wmv', { seconds: 1.5 }],
      ['mkv', { seconds: 1.5 }],
      ['mkv', { pause: [1, 2] }],
      ['mp4', { pause: [1, 2] }],
    ]),
  )('ignores a whole file whose track starts late, pauses or ends early: %s', async (_name, recipe) => {
    expect((await look(await media.make(recipe))).warning).toBeUndefined();
  });

  test('ignores a whole file that contains less than it states, because of a pause or damage', async () => {
    const path = await media.make({ container: 'mp4-index-first', seconds });
    const { probe, bytes } = await look(path);
    expect(await findCutShort(probe, { path, bytes }, 1)).toBeUndefined();
  });

  test('ignores less than half a second', async () => {
    const path = await media.make({ container: 'mp4-index-first', seconds, cutAt: 0.9 });
    const { probe, bytes, declared = 0 } = await look(path);
    expect(await findCutShort(probe, { path, bytes }, declared - 0.45)).toBeUndefined();
    expect(await findCutShort(probe, { path, bytes }, declared - 0.55)).toBeDefined();
  });

  test.each<Row[0]>(['mp4-index-first', 'mkv', 'avi'])(
    'detects an incomplete download whose size was allocated in advance: %s',
    async (container) => {
      const whole = await media.make({ container, seconds });
      const path = join(media.path, `sparse-${container}`);
      await copyFile(whole, path);
      const { size } = await stat(whole);
      await truncate(path, Math.floor(size / 2));
      await truncate(path, size);
      expect((await look(path)).warning).toMatchObject({ code: 'cut_short' });
    },
  );

  test('survives a container with wrong sizes', async () => {
    const path = join(media.path, 'nonsense');
    const formats = ['mov,mp4', 'matroska,webm', 'avi', 'wav', 'aiff', 'flv', 'asf', 'mp3', 'flac', 'ogg'];
    const beginnings = [
      '',
      '00000000',
      'ffffffff'.repeat(8),
      '1a45dfa3ff',
      '1a45dfa38018538067',
      '0000000c736964780000',
    ];
    const words = [
      'RIFF\0\0\0\0WAVEfmt \0\0\0\0data',
      'FORM',
      'FLV\u0001\u0005',
      'ID3\u0003\0\0\u007f\u007f\u007f\u007f',
    ];
    const files = [
      ...beginnings.map((hex) => Buffer.from(hex, 'hex')),
      ...words.map((text) => Buffer.from(text, 'latin1')),
    ];
    files.push(Buffer.concat([Buffer.from('a1dcab8c47a9cf118ee400c00c205365', 'hex'), Buffer.alloc(200, 0xff)]));
    for (const bytes of files) {
      await writeFile(path, bytes);
      for (const format_name of formats) {
        const probe = { format: { format_name }, track: {} };
        expect(await declaredDuration(probe, path, bytes.length)).toBeUndefined();
      }
    }
  });

  test('throws source_unreadable, without the path, if the file is gone', async () => {
    const probe = { format: { format_name: 'mov,mp4' }, track: { duration: '1' } };
    const path = join(media.path, 'gone.mp4');
    const error: unknown = await findCutShort(probe, { path, bytes: 10 }, 0).catch((thrown: unknown) => thrown);
    expect(isAppError(error, 'source_unreadable') && !error.message.includes(media.path)).toBe(true);
  });
});
