import { isAbsolute, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { soundScheme } from '../../ipc.ts';

/** Where the page comes from. */
export interface PageOrigin {
  /** Absolute path of the folder in which the built page lies, with all that belongs to it. */
  readonly pageFolder: string;
  /** The address of a development server, where there is one. */
  readonly devServer?: string;
}

/** What holds nothing but what the page itself has made, and Chromium's own tools for developers. */
const harmless: ReadonlySet<string> = new Set([`${soundScheme}:`, 'data:', 'blob:', 'about:', 'devtools:']);

/**
 * Whether anything may be loaded from `url`. A page that comes from a file may otherwise load every file of this computer: its policy
 * means all of them by `'self'`.
 */
export function isOwnAddress(url: string, { pageFolder, devServer }: PageOrigin): boolean {
  const parsed = URL.parse(url);
  if (parsed === null) return false;
  if (harmless.has(parsed.protocol)) return true;
  if (parsed.protocol === 'file:') return isInside(parsed, pageFolder);
  const isOfWeb = /^(https?|wss?):$/.test(parsed.protocol);
  return isOfWeb && devServer !== undefined && parsed.host === URL.parse(devServer)?.host;
}

function isInside(url: URL, folder: string): boolean {
  let path: string;
  try {
    path = fileURLToPath(url);
  } catch {
    // Of another computer, or with a slash that is none.
    return false;
  }
  const way = relative(folder, path);
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}
