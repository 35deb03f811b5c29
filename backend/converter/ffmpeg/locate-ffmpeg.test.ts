import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isAppError } from '../../../shared/errors.ts';
import { type FfmpegSearch, locateFfmpeg } from './locate-ffmpeg.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'soundlift-locate-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

/** Creates programs in a folder and returns its path. */
async function install(place: string, ...names: readonly string[]): Promise<string> {
  const path = join(folder, place);
  await mkdir(path, { recursive: true });
  for (const name of names) await writeFile(join(path, name), '#!/bin/sh\n', { mode: 0o755 });
  return path;
}

async function refusalOf(search: FfmpegSearch): Promise<string> {
  const error: unknown = await locateFfmpeg(search).catch((thrown: unknown) => thrown);
  if (!isAppError(error, 'unavailable')) throw new Error('expected unavailable', { cause: error });
  return error.message;
}

describe('locateFfmpeg', () => {
  test('takes the first ffmpeg on the PATH', async () => {
    const empty = await install('empty');
    const first = await install('first', 'ffmpeg', 'ffprobe');
    const second = await install('second', 'ffmpeg', 'ffprobe');
    const searchPath = [empty, first, second].join(delimiter);
    expect(await locateFfmpeg({ searchPath, platform: 'linux' })).toEqual({
      ffmpeg: join(first, 'ffmpeg'),
      ffprobe: join(first, 'ffprobe'),
    });
  });

  test('prefers FFMPEG_PATH, a file or a folder, with the ffprobe next to it', async () => {
    const searchPath = await install('usual', 'ffmpeg', 'ffprobe');
    const own = await install('own', 'ffmpeg', 'ffprobe');
    const expected = { ffmpeg: join(own, 'ffmpeg'), ffprobe: join(own, 'ffprobe') };
    expect(await locateFfmpeg({ searchPath, ffmpegPath: own, platform: 'linux' })).toEqual(expected);
    const byName = await locateFfmpeg({ searchPath, ffmpegPath: join(own, 'ffmpeg'), platform: 'linux' });
    expect(byName).toEqual(expected);
  });

  test('finds the ffprobe of a build with a version in its name', async () => {
    const own = await install('own', 'ffmpeg-7', 'ffprobe-7');
    const binaries = await locateFfmpeg({ searchPath: '', ffmpegPath: join(own, 'ffmpeg-7'), platform: 'linux' });
    expect(binaries.ffprobe).toBe(join(own, 'ffprobe-7'));
  });

  test('looks for ffprobe on the PATH if there is none next to ffmpeg', async () => {
    const searchPath = await install('usual', 'ffprobe');
    const own = await install('own', 'ffmpeg');
    const binaries = await locateFfmpeg({ searchPath, ffmpegPath: own, platform: 'linux' });
    expect(binaries).toEqual({ ffmpeg: join(own, 'ffmpeg'), ffprobe: join(searchPath, 'ffprobe') });
  });

  test('skips folders named ffmpeg and files that are not executable', async () => {
    const odd = await install('odd');
    await mkdir(join(odd, 'ffmpeg'));
    const plain = await install('plain');
    await writeFile(join(plain, 'ffmpeg'), '', { mode: 0o644 });
    const good = await install('good', 'ffmpeg', 'ffprobe');
    const searchPath = [odd, plain, good].join(delimiter);
    expect((await locateFfmpeg({ searchPath, platform: 'linux' })).ffmpeg).toBe(join(good, 'ffmpeg'));
  });

  test('never takes ffmpeg from the current folder', async () => {
    const here = process.cwd();
    try {
      process.chdir(await install('here', 'ffmpeg', 'ffprobe'));
      expect(await refusalOf({ searchPath: ['', '.'].join(delimiter), platform: 'linux' })).toMatch(/not found/);
    } finally {
      process.chdir(here);
    }
  });

  test('looks for ffmpeg.exe on Windows', async () => {
    const searchPath = await install('usual', 'ffmpeg.exe', 'ffprobe.exe');
    const binaries = await locateFfmpeg({ searchPath, platform: 'win32' });
    expect(binaries).toEqual({ ffmpeg: join(searchPath, 'ffmpeg.exe'), ffprobe: join(searchPath, 'ffprobe.exe') });
  });

  test.each([
    ['linux', /sudo apt install ffmpeg/],
    ['darwin', /brew install ffmpeg/],
    ['win32', /winget install/],
  ] as const)('says how to install it on %s, and names no path', async (platform, words) => {
    const sentence = await refusalOf({ searchPath: folder, platform });
    expect(sentence).toMatch(words);
    expect(sentence).not.toContain(folder);
  });

  test('fails if FFMPEG_PATH names no ffmpeg, even if one is on the PATH', async () => {
    const searchPath = await install('usual', 'ffmpeg', 'ffprobe');
    const sentence = await refusalOf({ searchPath, ffmpegPath: join(folder, 'gone'), platform: 'linux' });
    expect(sentence).toMatch(/FFMPEG_PATH does not name an ffmpeg/);
  });

  test('says so if ffprobe is missing', async () => {
    const searchPath = await install('half', 'ffmpeg');
    expect(await refusalOf({ searchPath, platform: 'linux' })).toMatch(/^ffprobe/);
  });
});
