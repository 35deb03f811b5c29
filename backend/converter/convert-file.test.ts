import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AppError, isAppError } from '../../shared/errors.ts';
import { type MediaFolder, openMediaFolder } from '../tests/media/make-media.ts';
import { decodeSound, probeMedia } from '../tests/media/measure-media.ts';
import type { MediaRecipe } from '../tests/media/media-recipe.ts';
import { type HeldFfmpeg, makeHeldFfmpeg } from '../tests/running/held-ffmpeg.ts';
import { type ConvertedFile, type ConvertRequest, convertFile, type ReadSource } from './convert-file.ts';
import { convertLimits } from './convert-limits.ts';
import type { ConvertProgress } from './ffmpeg/ffmpeg-progress.ts';
import { locateFfmpeg } from './ffmpeg/locate-ffmpeg.ts';
import { type Ffmpeg, openFfmpeg } from './ffmpeg/run-ffmpeg.ts';

const run = promisify(execFile);
let media: MediaFolder;
let ffmpeg: Ffmpeg;
let held: HeldFfmpeg;
let heldFfmpeg: Ffmpeg;
let folder: string;

beforeAll(async () => {
  media = await openMediaFolder();
  const binaries = await locateFfmpeg({ searchPath: process.env['PATH'] ?? '' });
  ffmpeg = await openFfmpeg(binaries);
  folder = await mkdtemp(join(tmpdir(), 'soundlift-convert-file-'));
  held = await makeHeldFfmpeg(folder);
  heldFfmpeg = await openFfmpeg({ ...binaries, ffmpeg: held.path });
});
afterAll(async () => {
  await media[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

async function newWorkFolder(): Promise<string> {
  return await mkdtemp(join(folder, 'work-'));
}

type More = Partial<Omit<ConvertRequest, 'options'>> & { readonly options?: Partial<ConvertRequest['options']> };

async function convert(source: string | MediaRecipe, { options, ...more }: More = {}): Promise<ConvertedFile> {
  return await convertFile({
    ffmpeg,
    sourcePath: typeof source === 'string' ? source : await media.make(source),
    workFolder: await newWorkFolder(),
    limits: convertLimits({ maxDurationSeconds: 3600 }),
    ...more,
    options: { format: 'mp3', ...options },
  });
}

async function refusalOf(source: string | MediaRecipe, more: More = {}): Promise<AppError> {
  const error: unknown = await convert(source, more).catch((thrown: unknown) => thrown);
  if (!isAppError(error)) throw new Error('expected a refusal', { cause: error });
  return error;
}

/** Overwrites parts of a copy of a file with noise, at these fractions (0–1) of its length. */
async function damage(source: string, ...fractions: readonly number[]): Promise<string> {
  const path = join(folder, `damaged-${fractions.join('-')}-${source.split('/').at(-1)}`);
  const bytes = await readFile(source);
  for (const fraction of fractions) {
    const at = Math.floor(bytes.length * fraction);
    const length = Math.max(3000, Math.floor(bytes.length / 50));
    for (let block = 0; block * 32 < length; block += 1) {
      createHash('sha256')
        .update(`${fraction} ${block}`)
        .digest()
        .copy(bytes, at + block * 32);
    }
  }
  await writeFile(path, bytes);
  return path;
}

describe('convertFile', () => {
  test('makes an MP3 of exactly the audio of a video', async () => {
    const recipe: MediaRecipe = { container: 'mp4', seconds: 5 };
    const converted = await convert(recipe);
    const bytes = await readFile(converted.path);
    expect(converted).toMatchObject({
      bytes: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
      warnings: [],
    });
    const { samples, sampleRate } = await decodeSound(await media.make(recipe));
    expect(converted.durationSeconds).toBe(samples / sampleRate);
    expect(await decodeSound(converted.path)).toMatchObject({
      samples,
      sampleRate,
      hertz: expect.closeTo(440, -1),
    });
    expect(converted.peaks).toHaveLength(400);
    expect(Math.max(...converted.peaks)).toBeGreaterThan(20);
  });

  test('reports the facts of the source before it decodes', async () => {
    const told: ReadSource[] = [];
    const recipe: MediaRecipe = { container: 'mkv', seconds: 2, audio: [{ language: 'ger' }, { language: 'eng' }] };
    const more = { onSource: (source: ReadSource) => void told.push(source), options: { track: 1 } };
    await convert(recipe, more);
    expect(told).toHaveLength(1);
    expect(told[0]?.tracks.map(({ language }) => language)).toEqual(['ger', 'eng']);
    expect(told[0]?.durationSeconds).toBeCloseTo(2, 1);
  });

  test('converts the requested track', async () => {
    const recipe: MediaRecipe = { container: 'mkv', seconds: 2, audio: [{ hertz: 300 }, { hertz: 600 }] };
    for (const [track, hertz] of [300, 600].entries()) {
      const { path } = await convert(recipe, { options: { track } });
      expect((await decodeSound(path)).hertz).toBeCloseTo(hertz, -1.5);
    }
  });

  test('uses the requested bitrate, quality and channels', async () => {
    const recipe: MediaRecipe = { container: 'mp4', seconds: 5, audio: [{ channels: 6, codec: 'ac3' }] };
    const rate = async (options: Partial<ConvertRequest['options']>) => {
      const { path, bytes, durationSeconds } = await convert(recipe, { options });
      const stream = (await probeMedia(path)).streams[0];
      return { kbps: Math.round((bytes * 8) / durationSeconds / 1000), channels: stream?.channels };
    };
    expect(await rate({ bitrateKbps: 64 })).toEqual({ kbps: expect.closeTo(66, -1), channels: 2 });
    expect(await rate({ bitrateKbps: 320, channels: 1 })).toEqual({ kbps: expect.closeTo(323, -1), channels: 1 });
    expect((await rate({ quality: 9 })).kbps).toBeLessThan((await rate({ quality: 0 })).kbps);
  });

  test('copies title, artist, album, date and cover, and nothing else', async () => {
    const tags = { title: 'Über – α', artist: 'Some "Body"', album: '-i x', date: '2024', comment: 'no', genre: 'no' };
    for (const container of ['mp4', 'mkv'] as const) {
      const { path } = await convert({ container, seconds: 1, tags, cover: 'jpeg' });
      const { format, streams } = await probeMedia(path);
      const { encoder: _, ...kept } = format.tags ?? {};
      expect(kept).toEqual({ title: 'Über – α', artist: 'Some "Body"', album: '-i x', date: '2024' });
      expect(streams.map(({ codec_name }) => codec_name)).toEqual(['mp3', 'mjpeg']);
      expect((await readFile(path)).subarray(0, 4)).toEqual(Buffer.from('ID3\x03'));
    }
  });

  test('skips the silence before audio that starts late', async () => {
    const recipe: MediaRecipe = { container: 'mkv', seconds: 5, audio: [{ startsAt: 2 }] };
    const told: ReadSource[] = [];
    const { path, durationSeconds, peaks } = await convert(recipe, { onSource: (source) => void told.push(source) });
    expect(durationSeconds).toBeCloseTo(3, 1);
    expect(told[0]?.durationSeconds).toBeCloseTo(3, 1);
    expect(peaks[5]).toBeGreaterThan(20);
    expect((await decodeSound(path)).seconds).toBe(durationSeconds);
  });

  test.each([
    [96000, 48000],
    [88200, 44100],
    [8000, 8000],
  ])('converts sound at %i Hz', async (sampleRate, expected) => {
    const { path } = await convert({ container: 'wav', seconds: 2, audio: [{ sampleRate }] });
    expect(await decodeSound(path)).toMatchObject({ sampleRate: expected, seconds: 2 });
  });

  test('converts a source whose sample rate and channels change', async () => {
    const parts = [{ sampleRate: 44100, channels: 1 } as const, { sampleRate: 48000, channels: 2 } as const];
    const files = parts.map(async (audio) =>
      readFile(await media.make({ container: 'aac', seconds: 3, audio: [audio] })),
    );
    const path = join(folder, 'changes.aac');
    await writeFile(path, Buffer.concat(await Promise.all(files)));
    const { durationSeconds, warnings } = await convert(path);
    expect(durationSeconds).toBeGreaterThan(6);
    expect(durationSeconds).toBeLessThan(6.1);
    expect(warnings).toEqual([]);
  });

  test('reports progress that never decreases, at most five times a second', async () => {
    const told: ConvertProgress[] = [];
    await held.hold();
    const began = performance.now();
    const converting = convert(
      { container: 'wav', seconds: 20 },
      { ffmpeg: heldFfmpeg, onProgress: (one) => void told.push(one) },
    );
    await expect.poll(() => told.length).toBeGreaterThan(2);
    await held.release();
    await converting;
    expect(told.length).toBeLessThanOrEqual((performance.now() - began) / 200);
    const shares = told.map(({ progress }) => progress);
    expect(shares).toEqual(shares.toSorted((one, other) => one - other));
    for (const { speed, etaSeconds } of told) {
      expect(speed).toBeGreaterThan(0);
      expect(etaSeconds).toBeGreaterThanOrEqual(0);
    }
  });
});

describe('missing audio', () => {
  test('at the end is reported, and the rest is converted', async () => {
    const { warnings, durationSeconds } = await convert({ container: 'mkv', seconds: 10, cutAt: 0.5 });
    expect(warnings).toEqual([
      { code: 'cut_short', atSeconds: expect.closeTo(durationSeconds, 1), ofSeconds: expect.closeTo(10, 1) },
    ]);
    expect(durationSeconds).toBeGreaterThan(3);
    expect(durationSeconds).toBeLessThan(7);
  });

  test.each(['mp4', 'mkv', 'ts', 'ogg', 'flac', 'mp3'] as const)('inside a %s is reported', async (container) => {
    const whole = await media.make({ container, seconds: 10 });
    const { warnings, durationSeconds } = await convert(await damage(whole, 0.4, 0.7));
    expect(warnings).toEqual([{ code: 'gaps', atSeconds: expect.any(Number), count: expect.any(Number) }]);
    const [gaps] = warnings;
    if (gaps?.code !== 'gaps') throw new Error('no gaps');
    expect(gaps.atSeconds).toBeGreaterThan(2);
    expect(gaps.atSeconds).toBeLessThan(6);
    expect(gaps.count).toBeGreaterThanOrEqual(1);
    expect(gaps.count).toBeLessThanOrEqual(4);
    expect(durationSeconds).toBeGreaterThan(5);
    expect(durationSeconds).toBeLessThan(10);
  });

  test('inside and at the end is reported as both', async () => {
    const cut = await media.make({ container: 'mkv', seconds: 10, cutAt: 0.7 });
    const { warnings } = await convert(await damage(cut, 0.5));
    expect(warnings.map(({ code }) => code)).toEqual(['cut_short', 'gaps']);
  });

  test('is not reported for the pauses of a recording', async () => {
    const { warnings } = await convert({ container: 'mkv', seconds: 6, audio: [{ pause: [2, 4] }] });
    expect(warnings).toEqual([]);
  });
});

describe('convertFile', () => {
  test('refuses an empty audio track', async () => {
    for (const kind of ['zero-length-audio', 'zero-length-wav'] as const) {
      expect(await refusalOf(await media.makeBroken(kind))).toMatchObject({
        code: 'no_audio',
        message: 'Its audio track is empty.',
      });
    }
  });

  test.each([
    [1, 'Its audio cannot be read.'],
    [2, 'Its audio track is damaged. The video has a second one.'],
  ])('refuses audio of which nothing can be decoded, with %d tracks', async (tracks, message) => {
    const path = join(folder, 'all-noise.mp4');
    const audio = Array.from({ length: tracks }, () => ({}));
    const bytes = await readFile(await media.make({ container: 'mp4-index-first', seconds: 3, audio, picture: false }));
    const dataAt = bytes.indexOf('mdat') + 4;
    for (let at = dataAt; at < bytes.length; at += 1) bytes[at] = 0xff;
    await writeFile(path, bytes);
    expect(await refusalOf(path)).toMatchObject({ code: 'damaged', message });
  });

  test('refuses a source that is too long, whether or not it says so', async () => {
    const limits = convertLimits({ maxDurationSeconds: 4 });
    const details = { limitSeconds: 4 };
    const onSource = () => {
      throw new Error('it must not start to decode');
    };
    const error = await refusalOf({ container: 'mp4', seconds: 5 }, { limits, onSource });
    expect(error).toMatchObject({ code: 'too_long', details });
    expect(error.message).toBe('Longer than the 4 seconds that are allowed.');
    expect(await refusalOf({ container: 'webm-live', seconds: 30 }, { limits })).toMatchObject({
      code: 'too_long',
      details,
    });
    const twelveHours = convertLimits({ maxDurationSeconds: 12 * 3600 });
    await convert({ container: 'mp4', seconds: 5 }, { limits: twelveHours });
  });

  test('refuses an MP3 that is whole but differs in length from the audio', async () => {
    const { ffmpeg: real, ffprobe } = await locateFfmpeg({ searchPath: process.env['PATH'] ?? '' });
    const other = await convert({ container: 'mp4', seconds: 2 });
    const liar = join(folder, 'liar');
    await writeFile(liar, `#!/bin/sh\n'${real}' "$@" && cp '${other.path}' sound.mp3\n`, { mode: 0o755 });
    const lying = await openFfmpeg({ ffmpeg: liar, ffprobe });
    expect((await convert({ container: 'mp4', seconds: 2 }, { ffmpeg: lying })).durationSeconds).toBe(
      other.durationSeconds,
    );
    expect(await refusalOf({ container: 'mp4', seconds: 5 }, { ffmpeg: lying })).toMatchObject({
      code: 'converter_failed',
      message: 'The length of the MP3 differs from that of the audio.',
    });
    expect((await refusalOf({ container: 'mp4', seconds: 1 }, { ffmpeg: lying })).code).toBe('converter_failed');
  });

  test('leaves no partial MP3 behind', async () => {
    const workFolder = await newWorkFolder();
    const limits = { ...convertLimits({ maxDurationSeconds: 3600 }), outputBytes: 10_240 };
    expect((await refusalOf({ container: 'mp4', seconds: 5 }, { limits, workFolder })).code).toBe('converter_failed');
    expect(await readdir(workFolder)).toEqual(['source']);
  });

  test('reports a full disk as disk_full', async () => {
    const workFolder = await newWorkFolder();
    await run('ln', ['-s', '/dev/full', join(workFolder, 'sound.mp3')]);
    expect((await refusalOf({ container: 'mp4', seconds: 5 }, { workFolder })).code).toBe('disk_full');
  });

  test('stops at an abort and leaves no process', async () => {
    const source = await media.make({ container: 'wav', seconds: 20 });
    const workFolder = await newWorkFolder();
    await held.hold();
    const abort = new AbortController();
    const reason = new Error('enough');
    const more = { ffmpeg: heldFfmpeg, workFolder, signal: abort.signal, onProgress: () => abort.abort(reason) };
    await expect(convert(source, more)).rejects.toBe(reason);
    await expect.poll(() => processesIn(workFolder)).toEqual([]);
    expect(await readdir(workFolder)).toEqual(['source']);
  });

  test('does not start after an abort', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(convert({ container: 'mp4', seconds: 1 }, { signal })).rejects.toThrow('enough');
  });

  test('never changes its source', async () => {
    const source = join(folder, 'precious.mp4');
    await writeFile(source, await readFile(await media.make({ container: 'mp4', seconds: 2 })));
    const before = await stat(source);
    const workFolder = await newWorkFolder();
    await convert(source, { workFolder });
    await rm(workFolder, { recursive: true });
    const after = await stat(source);
    expect([after.size, after.mtimeMs, after.ino]).toEqual([before.size, before.mtimeMs, before.ino]);
  });
});

async function processesIn(workFolder: string): Promise<string[]> {
  const ids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry));
  const folders = await Promise.all(ids.map((id) => readlink(`/proc/${id}/cwd`).catch(() => '')));
  return ids.filter((_, index) => folders[index] === workFolder);
}
