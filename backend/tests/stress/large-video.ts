import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface LargeVideo {
  /** Absolute path. */
  readonly path: string;
  readonly bytes: number;
  readonly seconds: number;
}

/** The approximate size of a frame of noise at the finest quantizer, times the frames per second. */
const bytesPerSecond = 2_800_000;
const loopSeconds = 4;

/**
 * Makes a real MP4 of at least this size in the folder: a picture of noise, which no encoder can compress, and a tone.
 */
export async function makeLargeVideo(folder: string, bytes: number): Promise<LargeVideo> {
  const loop = join(folder, 'loop.mp4');
  const sound = join(folder, 'sound.mkv');
  const path = join(folder, 'large.mp4');
  const seconds = Math.ceil(bytes / bytesPerSecond) + loopSeconds;
  const noise = `nullsrc=s=640x360:r=10:d=${loopSeconds},geq=random(1)*255:128:128`;
  const quiet = ['-v', 'error', '-nostdin', '-y'];
  await run('ffmpeg', [...quiet, '-f', 'lavfi', '-i', noise, '-c:v', 'mpeg4', '-q:v', '1', loop]);
  await run('ffmpeg', [...quiet, '-f', 'lavfi', '-i', `sine=r=44100:d=${seconds}`, '-ac', '2', '-c:a', 'flac', sound]);
  const inputs = ['-stream_loop', '-1', '-i', loop, '-i', sound];
  const copied = ['-map', '0:v', '-map', '1:a', '-c', 'copy', '-strict', 'experimental', '-shortest'];
  await run('ffmpeg', [...quiet, ...inputs, ...copied, path]);
  const { size } = await stat(path);
  if (size < bytes) throw new Error(`the large video has ${size} bytes instead of ${bytes}`);
  return { path, bytes: size, seconds };
}
