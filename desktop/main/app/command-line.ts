import path, { type PlatformPath } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseSoundliftLink, type SoundliftLink } from './soundlift-link.ts';

/** What was given to the app when it was started, the first or a second time. */
export interface Incoming {
  /** Absolute paths. */
  readonly paths: readonly string[];
  readonly links: readonly SoundliftLink[];
  /** Whether the window is to stay hidden: opened at login. */
  readonly isHidden: boolean;
}

export interface CommandLine {
  /** All of it, the program's own name first. */
  readonly argv: readonly string[];
  /** The app's folder, absolute, where the app is not packaged: then it is a word, too, and Electron's own come before it. */
  readonly appPath?: string;
  /** Absolute path that relative ones start from. */
  readonly folder: string;
  readonly paths?: PlatformPath;
}

export const hiddenFlag = '--hidden';

/**
 * Reads a command line. What begins with a dash is a switch, of ours or of Electron's, and never a file, but after `--`; so is everything
 * where a link is given: on Windows a web page could add words to it.
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
  // A link of the web, which is no file of this computer.
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(word)) return undefined;
  return paths.resolve(folder, word);
}
