import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { basename, delimiter, dirname, isAbsolute, join, resolve } from 'node:path';
import { AppError } from '../../../shared/errors.ts';

/** The two programs, as absolute paths. */
export interface FfmpegBinaries {
  readonly ffmpeg: string;
  readonly ffprobe: string;
}

export interface FfmpegSearch {
  /** The value of FFMPEG_PATH: ffmpeg itself, or the folder that contains it. */
  readonly ffmpegPath?: string | undefined;
  /** The value of PATH. */
  readonly searchPath: string;
  readonly platform?: NodeJS.Platform;
}

/**
 * Finds ffmpeg and its ffprobe: where FFMPEG_PATH says, otherwise on the PATH. Throws an AppError `unavailable` whose
 * message says how to install ffmpeg on this system.
 */
export async function locateFfmpeg(search: FfmpegSearch): Promise<FfmpegBinaries> {
  const platform = search.platform ?? process.platform;
  const ffmpegName = platform === 'win32' ? 'ffmpeg.exe' : 'ffmpeg';
  const ffprobeName = platform === 'win32' ? 'ffprobe.exe' : 'ffprobe';

  const ffmpeg =
    search.ffmpegPath === undefined
      ? await findAlong(search.searchPath, ffmpegName)
      : await findAt(search.ffmpegPath, ffmpegName);
  if (ffmpeg === undefined) {
    const nowhere = search.ffmpegPath === undefined ? 'ffmpeg was not found.' : 'FFMPEG_PATH does not name an ffmpeg.';
    throw new AppError('unavailable', `${nowhere} ${howToInstall(platform)}`);
  }

  // Some systems install several versions next to each other, as ffmpeg-7 and ffprobe-7.
  const beside = join(dirname(ffmpeg), basename(ffmpeg).replace('ffmpeg', 'ffprobe'));
  const ffprobe = (await isProgram(beside)) ? beside : await findAlong(search.searchPath, ffprobeName);
  if (ffprobe === undefined || ffprobe === ffmpeg) {
    throw new AppError('unavailable', `ffprobe, which comes with ffmpeg, was not found. ${howToInstall(platform)}`);
  }
  return { ffmpeg, ffprobe };
}

async function findAt(path: string, name: string): Promise<string | undefined> {
  const absolute = resolve(path);
  for (const candidate of [absolute, join(absolute, name)]) {
    if (await isProgram(candidate)) return candidate;
  }
  return undefined;
}

async function findAlong(searchPath: string, name: string): Promise<string | undefined> {
  for (const folder of searchPath.split(delimiter)) {
    // Skip relative entries: they would run a program from whatever the current folder is.
    if (isAbsolute(folder) && (await isProgram(join(folder, name)))) return join(folder, name);
  }
  return undefined;
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

function howToInstall(platform: NodeJS.Platform): string {
  switch (platform) {
    case 'darwin':
      return 'Install it with "brew install ffmpeg", or set FFMPEG_PATH to where it is.';
    case 'win32':
      return 'Install it with "winget install Gyan.FFmpeg", or set FFMPEG_PATH to where it is.';
    default:
      return (
        'Install it with "sudo apt install ffmpeg" (Debian, Ubuntu), "sudo dnf install ffmpeg" (Fedora) or ' +
        '"sudo pacman -S ffmpeg" (Arch), or set FFMPEG_PATH to where it is.'
      );
  }
}
