import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Remarks that are no fault: the file has no tags, or is shorter than a song. */
const harmless = /no supported tags in the file|too few MPEG frames/i;

/**
 * The complaints of mp3val about a file; none for a good one. mp3val parses MP3 itself, without ffmpeg. Its exit code
 * is always 0, so its output counts. Throws if mp3val is not installed or finds no MP3.
 */
export async function complaintsOfMp3val(path: string, program = 'mp3val'): Promise<string[]> {
  const { stdout } = await run(program, [path]).catch((error: unknown) => {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    const sentence = isMissing ? 'is needed: install it (Debian, Ubuntu: apt-get install mp3val).' : 'could not run.';
    throw new Error(`mp3val ${sentence}`, { cause: error });
  });
  const lines = stdout.split('\n').map((line) => line.trim());
  if (!lines.some((line) => /^INFO: .*\d+ MPEG frames/.test(line))) throw new Error(`mp3val found no MP3:\n${stdout}`);
  return lines.filter((line) => /^(WARNING|ERROR)/.test(line) && !harmless.test(line));
}
