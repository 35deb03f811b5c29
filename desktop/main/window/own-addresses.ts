import { isAbsolute, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { soundScheme } from '../../ipc.ts';

/** The origin of the app's page. */
export interface PageOrigin {
  /** Absolute path of the folder of the built page and its files. */
  readonly pageFolder: string;
  /** The address of a development server, if there is one. */
  readonly devServer?: string;
}

/** Schemes for content that the page itself has made, and Chromium's developer tools. */
const harmless: ReadonlySet<string> = new Set([`${soundScheme}:`, 'data:', 'blob:', 'about:', 'devtools:']);

/**
 * Whether anything may be loaded from `url`. Without this check, a page from a file could load every file of this computer, because `'self'`
 * in its policy means all files.
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
    // A URL of another computer, or one with an encoded slash.
    return false;
  }
  const way = relative(folder, path);
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}
