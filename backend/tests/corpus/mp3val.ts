import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Remarks that say nothing against the sound: there were no tags to carry over; it is shorter than a song. */
const harmless = /no supported tags in the file|too few MPEG frames/i;

/**
 * What mp3val, which knows MP3 by itself and not through ffmpeg, has to say against a file: nothing, for a good one. Its exit
 * code is 0 whatever it finds; its words count. Throws where it is not installed, and where it sees no MP3 at all.
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
