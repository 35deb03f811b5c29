import { closeSync, openSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAppError } from '../../shared/errors.ts';
import { convertFile } from '../converter/convert-file.ts';
import { convertLimits } from '../converter/convert-limits.ts';
import { locateFfmpeg } from '../converter/ffmpeg/locate-ffmpeg.ts';
import { openFfmpeg } from '../converter/ffmpeg/run-ffmpeg.ts';
import { isScarcity } from '../converter/scarcity.ts';

/**
 * A program that a test starts with few descriptors. Converts the file named by its first argument again and again, with no descriptor free, then
 * with one more each time. Prints the outcome of each try: `done`, `waits` if the service would try again, or the error.
 */
const [sourcePath = ''] = process.argv.slice(2);
const ffmpeg = await openFfmpeg(await locateFfmpeg({ searchPath: process.env['PATH'] ?? '' }));
const workFolder = await mkdtemp(join(tmpdir(), 'soundlift-few-'));
const convert = async (): Promise<string> => {
  try {
    await convertFile({
      ffmpeg,
      sourcePath,
      workFolder,
      options: { format: 'mp3' },
      limits: convertLimits({ maxDurationSeconds: 60 }),
    });
    return 'done';
  } catch (error) {
    return isAppError(error, 'unavailable') || isScarcity(error) ? 'waits' : String(error);
  }
};
// Everything is loaded now, so that only the conversion itself needs descriptors.
console.log(await convert());
const taken: number[] = [];
for (let free = 0; free <= 16; free += 1) {
  takeAll();
  for (const descriptor of taken.splice(0, free)) closeSync(descriptor);
  const outcome = await convert();
  console.log(outcome);
}
for (const descriptor of taken) closeSync(descriptor);
console.log(await convert());
await rm(workFolder, { recursive: true });

function takeAll(): void {
  try {
    for (;;) taken.push(openSync('/dev/null', 'r'));
  } catch {
    // None is left.
  }
}
