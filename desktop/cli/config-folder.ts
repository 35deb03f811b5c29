import { posix, win32 } from 'node:path';
import { AppError } from '../../shared/errors.ts';

export interface SystemFacts {
  readonly platform: NodeJS.Platform;
  readonly homeFolder: string;
}

/**
 * The config folder: `SOUNDLIFT_CONFIG`, or the place that each system defines (the XDG base directory specification, Apple's and
 * Microsoft's guides). Absolute path. Throws `invalid`.
 */
export function configFolder(
  environment: Readonly<Record<string, string | undefined>>,
  { platform, homeFolder }: SystemFacts,
): string {
  const { join, isAbsolute } = platform === 'win32' ? win32 : posix;
  const given = environment['SOUNDLIFT_CONFIG'];
  if (given) {
    if (isAbsolute(given)) return given;
    throw new AppError('invalid', 'SOUNDLIFT_CONFIG must be an absolute path.');
  }
  if (platform === 'win32') return join(environment['APPDATA'] || join(homeFolder, 'AppData', 'Roaming'), 'Soundlift');
  if (platform === 'darwin') return join(homeFolder, 'Library', 'Application Support', 'Soundlift');
  const xdg = environment['XDG_CONFIG_HOME'];
  // The specification says to ignore a relative path.
  return join(xdg && isAbsolute(xdg) ? xdg : join(homeFolder, '.config'), 'soundlift');
}
