import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { access, mkdir, rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const folder = join(tmpdir(), 'soundlift-bench-media');

/** Different noise on the left and right, because no other audio is slower to encode. */
const noise =
  'anoisesrc=color=pink:seed=1:r=48000[left];anoisesrc=color=brown:seed=2:r=48000[right];[left][right]amerge';

/** Returns the path of a video of this length, H.264 and AAC in an MP4. It is made once for each machine. */
export async function video(seconds: 10 | 60 | 600 | 1800): Promise<string> {
  return await madeOnce(`video-${seconds}.mp4`, async (target) => {
    const copy = ['-t', String(seconds), '-c', 'copy', target];
    if (seconds < 600) return [...from(await video(600)), ...copy];
    if (seconds > 600) return ['-stream_loop', '-1', ...from(await video(600)), ...copy];
    const sources = ['-f', 'lavfi', '-i', 'testsrc2=s=640x360:r=25', '-f', 'lavfi', '-i', noise];
    return [...sources, '-t', '600', '-c:v', 'libx264', '-preset', 'ultrafast', '-c:a', 'aac', '-b:a', '160k', target];
  });
}

/** Makes a file of 5 GB: 65 seconds of raw video with audio. Returns its path. The file is not kept between runs. */
export async function bigVideo(): Promise<string> {
  return await madeOnce('video-5-gigabytes.mkv', async (target) => {
    const sources = ['-f', 'lavfi', '-i', 'testsrc2=s=1920x1080:r=25', '-f', 'lavfi', '-i', noise];
    return [...sources, '-t', '65', '-c:v', 'rawvideo', '-pix_fmt', 'yuv420p', '-c:a', 'aac', '-b:a', '160k', target];
  });
}

/** Makes a file of random bytes, `megabytes` long. Returns its path. */
export async function noiseFile(megabytes: number): Promise<string> {
  const path = join(folder, `noise-${megabytes}`);
  if (await exists(path)) return path;
  await mkdir(folder, { recursive: true });
  const unfinished = join(folder, `unfinished-${process.pid}-noise`);
  await writeFile(unfinished, noiseOf(megabytes));
  await rename(unfinished, path);
  return path;
}

function* noiseOf(megabytes: number): Generator<Uint8Array> {
  for (let made = 0; made < megabytes; made += 1) yield randomBytes(1_000_000);
}

const from = (path: string) => ['-i', path];

async function madeOnce(name: string, args: (target: string) => Promise<readonly string[]>): Promise<string> {
  const path = join(folder, name);
  if (await exists(path)) return path;
  await mkdir(folder, { recursive: true });
  const unfinished = join(folder, `unfinished-${process.pid}-${name}`);
  await run('ffmpeg', ['-v', 'error', '-nostdin', '-y', ...(await args(unfinished))]);
  await rename(unfinished, path);
  return path;
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
