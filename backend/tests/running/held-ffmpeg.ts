import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { locateFfmpeg } from '../../converter/ffmpeg/locate-ffmpeg.ts';

/** The real ffmpeg, which can be paused in the middle of every conversion. Linux and macOS only. */
export interface HeldFfmpeg {
  /** Absolute path. */
  readonly path: string;
  /** The environment of a process that should use it. */
  readonly environment: { readonly FFMPEG_PATH: string };
  /**
   * Each conversion that starts from now on reports some progress and then waits. Its source needs at least 5 seconds
   * of audio. A restart of the app or the backend does not change this.
   */
  hold(): Promise<void>;
  /** Lets all conversions finish, those that wait and those that start later. */
  release(): Promise<void>;
}

/** @param folder absolute path; conversions that still wait continue when the folder is removed */
export async function makeHeldFfmpeg(folder: string): Promise<HeldFfmpeg> {
  const { ffmpeg } = await locateFfmpeg({ searchPath: process.env['PATH'] ?? '' });
  const path = join(folder, 'ffmpeg');
  const hold = join(folder, 'hold-ffmpeg');
  await writeFile(path, script(quote(ffmpeg), quote(hold)), { mode: 0o755 });
  return {
    path,
    environment: { FFMPEG_PATH: path },
    hold: () => writeFile(hold, ''),
    release: () => rm(hold, { force: true }),
  };
}

/**
 * Only the encoding pass writes audio to standard output, as s16le. While it is held, `pass` takes a little of that
 * audio over two seconds, so that progress is reported several times, and then nothing: the pipe is full, and ffmpeg
 * waits. If the script is killed without its children, `pass` ends by itself. The caller gets ffmpeg's exit code.
 */
function script(ffmpeg: string, hold: string): string {
  return `#!/bin/sh
case " $* " in *' s16le '*) ;; *) exec ${ffmpeg} "$@" ;; esac
pass() {
  pieces=0
  while [ -e ${hold} ]; do
    kill -0 $$ 2>/dev/null || exit
    if [ "$pieces" -lt 20 ]; then dd bs=16384 count=1 2>/dev/null; fi
    pieces=$((pieces + 1))
    sleep 0.1
  done
  exec cat
}
exec 3>&1
code=$({ { ${ffmpeg} "$@" 3>&- 4>&-; echo $? >&4; } | pass >&3; } 4>&1)
exit "$code"
`;
}

function quote(path: string): string {
  return `'${path.replaceAll("'", String.raw`'\''`)}'`;
}
