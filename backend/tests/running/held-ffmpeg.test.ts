import { execFile } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ConvertedFile, convertFile } from '../../converter/convert-file.ts';
import { convertLimits } from '../../converter/convert-limits.ts';
import { locateFfmpeg } from '../../converter/ffmpeg/locate-ffmpeg.ts';
import { openFfmpeg } from '../../converter/ffmpeg/run-ffmpeg.ts';
import { type MediaFolder, openMediaFolder } from '../media/make-media.ts';
import { type HeldFfmpeg, makeHeldFfmpeg } from './held-ffmpeg.ts';

const searchPath = process.env['PATH'] ?? '';
let media: MediaFolder;
let held: HeldFfmpeg;

beforeAll(async () => {
  media = await openMediaFolder();
  // A quote in the path would end the script's own.
  held = await makeHeldFfmpeg(await mkdtemp(join(media.path, "it's ")));
});
afterAll(() => media[Symbol.asyncDispose]());

async function convert(ffmpegPath?: string, onProgress = (): void => {}): Promise<ConvertedFile> {
  const binaries = await locateFfmpeg({ searchPath, ...(ffmpegPath === undefined ? {} : { ffmpegPath }) });
  return await convertFile({
    ffmpeg: await openFfmpeg(binaries),
    sourcePath: await media.make({ container: 'wav', seconds: 20 }),
    workFolder: await mkdtemp(join(media.path, 'work-')),
    options: { format: 'mp3' },
    limits: convertLimits({ maxDurationSeconds: 60 }),
    onProgress,
  });
}

it('reports progress and waits while it is held, and makes the same MP3 as ffmpeg itself', async () => {
  await held.hold();
  let reports = 0;
  let hasEnded = false;
  const converting = convert(held.path, () => void (reports += 1)).finally(() => void (hasEnded = true));
  await expect.poll(() => reports).toBeGreaterThan(1);
  expect(hasEnded).toBe(false);
  await held.release();
  const { sha256 } = await converting;
  expect([sha256, (await convert(held.path)).sha256]).toEqual([(await convert()).sha256, sha256]);
});

it('ends with the exit code of ffmpeg', async () => {
  const { ffmpeg } = await locateFfmpeg({ searchPath });
  const words = ['-v', 'quiet', '-i', join(media.path, 'nowhere'), '-f', 's16le', '-'];
  const codeOf = (path: string): Promise<unknown> =>
    new Promise((resolve) => void execFile(path, words, (error) => resolve(error?.code)));
  const code = await codeOf(ffmpeg);
  expect(code).toBeGreaterThan(0);
  expect(await codeOf(held.path)).toBe(code);
});
