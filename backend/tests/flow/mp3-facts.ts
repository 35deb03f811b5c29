import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** One frame of MPEG-1 Layer III at 44.1 kHz: the difference that two ways of measuring an MP3's duration may have. */
export const frameSeconds = 1152 / 44_100;

/** The duration of an MP3 in seconds, by decoding it. Throws if a decoder or mp3val finds a fault. */
export async function mp3Seconds(mp3: Uint8Array): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'soundlift-mp3-'));
  const path = join(folder, 'out.mp3');
  try {
    await writeFile(path, mp3);
    // Its exit code is always 0, so its output counts.
    const { stdout: verdict } = await run('mp3val', [path]);
    if (/\b(WARNING|ERROR)\b/.test(verdict)) throw new Error(verdict);
    const { stdout, stderr } = await run(
      'ffmpeg',
      ['-v', 'warning', '-nostdin', '-i', path, '-f', 's16le', '-ac', '1', '-ar', '8000', 'pipe:1'],
      { encoding: 'buffer', maxBuffer: 256 * 1024 * 1024 },
    );
    if (stderr.byteLength > 0) throw new Error(stderr.toString());
    return stdout.byteLength / 2 / 8000;
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The duration in seconds of a file's first audio track, by decoding what it contains. */
export async function soundSeconds(path: string): Promise<number> {
  const { stdout } = await run(
    'ffmpeg',
    ['-v', 'quiet', '-nostdin', '-i', path, '-map', '0:a:0', '-f', 's16le', '-ac', '1', '-ar', '8000', 'pipe:1'],
    { encoding: 'buffer', maxBuffer: 256 * 1024 * 1024 },
  );
  return stdout.byteLength / 2 / 8000;
}
