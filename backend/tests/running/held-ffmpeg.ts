import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { locateFfmpeg } from '../../converter/locate-ffmpeg.ts';

/** The real ffmpeg, which can be held in the middle of every conversion. Linux and macOS only. */
export interface HeldFfmpeg {
  /** For whatever is to use it: FFMPEG_PATH. */
  readonly environment: { readonly FFMPEG_PATH: string };
  /**
   * Each conversion that starts from now on tells a little progress, and then waits. It holds after a `kill -9` of the app or the
   * backend too.
   */
  hold(): Promise<void>;
  /** Lets all conversions go on to their end. */
  release(): Promise<void>;
}

/** @param folder absolute; whatever still waits goes on once the folder is removed */
export async function makeHeldFfmpeg(folder: string): Promise<HeldFfmpeg> {
  const { ffmpeg } = await locateFfmpeg({ searchPath: process.env['PATH'] ?? '' });
  const path = join(folder, 'ffmpeg');
  const hold = join(folder, 'hold-ffmpeg');
  await writeFile(path, script(quote(ffmpeg), quote(hold)), { mode: 0o755 });
  return {
    environment: { FFMPEG_PATH: path },
    hold: () => writeFile(hold, ''),
    release: () => rm(hold),
  };
}

/**
 * Only the pass that converts writes its sound to standard output, as s16le. That output goes through `pass`, which stops reading;
 * then ffmpeg stops too, because the pipe is full. The pause between the first two pieces is longer than the 0.2 s between two
 * reports of progress, so that at least one report is above 0. The caller gets ffmpeg's own exit code.
 */
function script(ffmpeg: string, hold: string): string {
  return `#!/bin/sh
case " $* " in *' s16le '*) ;; *) exec ${ffmpeg} "$@" ;; esac
[ -e ${hold} ] || exec ${ffmpeg} "$@"
pass() {
  dd bs=16384 count=1 2>/dev/null
  sleep 0.5
  dd bs=16384 count=1 2>/dev/null
  while [ -e ${hold} ]; do sleep 0.05; done
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
