import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { MediaRecipe } from './media-recipe.ts';

const run = promisify(execFile);

/** A file that cannot be converted. */
export interface BrokenRecipe {
  /** The extension of its name. */
  readonly extension: string;
  /** Makes it like a good file, if that is enough. */
  readonly recipe?: MediaRecipe;
  write?(target: string): Promise<void>;
}

/** Random bytes, the same in every run. */
function noise(bytes: number): Buffer {
  const blocks = Array.from({ length: Math.ceil(bytes / 32) }, (_, block) =>
    createHash('sha256').update(`${block}`).digest(),
  );
  return Buffer.concat(blocks).subarray(0, bytes);
}

/** Two seconds of video, with the audio arguments of `sound`. */
function runFfmpeg(sound: readonly string[], target: string): Promise<void> {
  const picture = ['-f', 'lavfi', '-i', 'testsrc2=s=128x96:r=5:d=2'];
  const coded = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p'];
  return run('ffmpeg', ['-v', 'error', '-nostdin', ...picture, ...sound, ...coded, target]).then(() => undefined);
}

export const brokenMedia = {
  empty: { extension: 'mp4', write: (target) => writeFile(target, '') },
  text: {
    extension: 'mp4',
    write: (target) => writeFile(target, 'Minutes of the meeting: nobody came.\n'.repeat(200)),
  },
  garbage: { extension: 'mp4', write: (target) => writeFile(target, noise(100_000)) },
  image: {
    extension: 'jpg',
    write: (target) =>
      run('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', 'testsrc2=s=64x64', '-frames:v', '1', target]).then(
        () => undefined,
      ),
  },
  'mp4-cut-before-its-index': { extension: 'mp4', recipe: { container: 'mp4', seconds: 3, cutAt: 0.5 } },
  'no-audio-track': { extension: 'mp4', recipe: { container: 'mp4', seconds: 2, audio: [] } },
  /** The track is declared but has no packets. */
  'zero-length-audio': {
    extension: 'mkv',
    write: (target) =>
      runFfmpeg(
        ['-f', 'lavfi', '-i', 'sine', '-map', '0', '-map', '1', '-af', 'atrim=end_sample=0', '-c:a', 'libopus'],
        target,
      ),
  },
  /** The same in an audio file. */
  'zero-length-wav': {
    extension: 'wav',
    write: (target) =>
      writeFile(
        target,
        Buffer.from(
          '524946462400000057415645666d74201000000001000200 44ac000010b1020004001000 6461746100000000'.replaceAll(
            ' ',
            '',
          ),
          'hex',
        ),
      ),
  },
} as const satisfies Readonly<Record<string, BrokenRecipe>>;

export type BrokenKind = keyof typeof brokenMedia;
