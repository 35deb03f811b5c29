import path, { type PlatformPath } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseSoundliftLink, type SoundliftLink } from './soundlift-link.ts';

/** The arguments of a start of the app, the first or a later one. */
export interface Incoming {
  /** Absolute paths. */
  readonly paths: readonly string[];
  readonly links: readonly SoundliftLink[];
  /** Whether the window stays hidden, because the app was opened at login. */
  readonly isHidden: boolean;
}

export interface CommandLine {
  /** The whole command line, beginning with the program. */
  readonly argv: readonly string[];
  /** Absolute path of the app's folder, if the app is not packaged. It is then an argument itself, after those of Electron. */
  readonly appPath?: string;
  /** Absolute path of the folder for relative paths. */
  readonly folder: string;
  readonly paths?: PlatformPath;
}

export const hiddenFlag = '--hidden';

/**
 * Reads a command line. A word that begins with a dash is a switch, of ours or of Electron, and never a file, except after `--`. If there is a
 * link, no word is a file: on Windows, a web page could add words to its link.
 */
export function readCommandLine({ argv, appPath, folder, paths = path }: CommandLine): Incoming {
  const before = appPath === undefined ? 0 : argv.findIndex((word) => paths.resolve(folder, word) === appPath);
  const words = argv.slice(Math.max(before, 0) + 1);
  const isHidden = words.includes(hiddenFlag);
  const links = words.flatMap((word) => parseSoundliftLink(word) ?? []);
  if (words.some((word) => /^soundlift:/i.test(word))) return { paths: [], links: links.slice(0, 1), isHidden };
  const end = words.indexOf('--');
  const files =
    end < 0
      ? words.filter((word) => !word.startsWith('-'))
      : [...words.slice(0, end).filter((word) => !word.startsWith('-')), ...words.slice(end + 1)];
  return { paths: files.flatMap((file) => toPath(file, folder, paths) ?? []), links: [], isHidden };
}

function toPath(word: string, folder: string, paths: PlatformPath): string | undefined {
  if (word === '' || word.includes('\0')) return undefined;
  if (/^file:\/\//i.test(word)) {
    try {
      return fileURLToPath(word, { windows: paths === path.win32 });
    } catch {
      return undefined;
    }
  }
  // A web address is no file of this computer.
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(word)) return undefined;
  return paths.resolve(folder, word);
}
