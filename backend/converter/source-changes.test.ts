import { randomBytes } from 'node:crypto';
import { appendFile, mkdtemp, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type MediaFolder, openMediaFolder } from '../tests/media/make-media.ts';
import { type ConvertedFile, convertFile } from './convert-file.ts';
import { convertLimits } from './convert-limits.ts';
import { locateFfmpeg } from './ffmpeg/locate-ffmpeg.ts';
import { type Ffmpeg, openFfmpeg } from './ffmpeg/run-ffmpeg.ts';

const size = 1_000_000;
let media: MediaFolder;
let ffmpeg: Ffmpeg;
let folder: string;
let source: string;

beforeAll(async () => {
  media = await openMediaFolder();
  ffmpeg = await openFfmpeg(await locateFfmpeg({ searchPath: process.env['PATH'] ?? '' }));
  folder = await mkdtemp(join(tmpdir(), 'soundlift-changes-'));
  source = join(folder, 'talk.wav');
});
afterAll(async () => {
  await media[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

/** A video of that duration. All of them have the same size. */
async function content(seconds: number): Promise<Buffer> {
  const video = await readFile(await media.make({ container: 'wav', seconds }));
  return Buffer.concat([video, randomBytes(size - video.byteLength)]);
}

/** Converts the source. `meanwhile` is called when it has been looked into and not been read, each time with its number. */
async function convert(meanwhile: (time: number) => Promise<void>, more: { ffmpeg?: Ffmpeg } = {}) {
  let times = 0;
  const converted: ConvertedFile = await convertFile({
    ffmpeg,
    sourcePath: source,
    workFolder: await mkdtemp(join(folder, 'work-')),
    options: { format: 'mp3' },
    limits: convertLimits({ maxDurationSeconds: 3600 }),
    onSource: () => meanwhile(++times),
    ...more,
  });
  return { ...converted, times };
}

test.each<[string, () => Promise<void>]>([
  [
    'written over with other content of the same size',
    async () => {
      await using handle = await open(source, 'r+');
      await handle.write(await content(3), 0, size, 0);
    },
  ],
  ['written anew and longer', async () => await writeFile(source, Buffer.concat([await content(3), Buffer.from('+')]))],
  ['written anew and shorter', async () => await writeFile(source, (await content(3)).subarray(0, -1))],
  [
    'replaced',
    async () => {
      await writeFile(`${source}.new`, await content(3));
      await rename(`${source}.new`, source);
    },
  ],
])('a source that is %s while it is converted is converted again', async (_how, change) => {
  await writeFile(source, await content(2));
  const { durationSeconds, warnings, times } = await convert(async (time) => {
    if (time === 1) await change();
  });
  expect(durationSeconds).toBeCloseTo(3, 1);
  expect([warnings, times]).toEqual([[], 2]);
});

test('a source that grows while it is converted gives what was there, with a warning', async () => {
  await writeFile(source, await content(2));
  const { durationSeconds, warnings, times } = await convert(async () => await appendFile(source, 'more'));
  expect(durationSeconds).toBeCloseTo(2, 1);
  expect([warnings, times]).toEqual([[{ code: 'growing' }], 1]);
});

test('a source that is still being written, and cannot be read yet, is converted once it is complete', async () => {
  const whole = await readFile(await media.make({ container: 'mp4', seconds: 2 }));
  await writeFile(source, whole.subarray(0, whole.byteLength / 2));
  let calls = 0;
  const probing: Ffmpeg = {
    ...ffmpeg,
    async probe(request) {
      const probed = ffmpeg.probe(request);
      calls += 1;
      if (calls > 1) return await probed;
      await probed.catch(() => undefined);
      await appendFile(source, whole.subarray(whole.byteLength / 2));
      return await probed;
    },
  };
  const { durationSeconds, warnings } = await convert(async () => undefined, { ffmpeg: probing });
  expect(durationSeconds).toBeCloseTo(2, 1);
  expect(warnings).toEqual([]);
});

test('a source that changes each time it is converted fails', { timeout: 30_000 }, async () => {
  await writeFile(source, await content(2));
  let last = 0;
  const converting = convert(async (time) => {
    last = time;
    await writeFile(source, await content(2));
  });
  await expect(converting).rejects.toMatchObject({
    code: 'converter_failed',
    message: 'The file was changed again and again while it was being converted.',
  });
  expect(last).toBe(3);
});
