import { withoutTrailing } from '../../shared/without-trailing.ts';

/** The maximum length of a file name: 255 bytes of UTF-8 on Linux (NAME_MAX) and macOS (APFS), 255 UTF-16 units on Windows (NTFS). */
const maxNameLength = 255;
/** A longer text after the last dot of a name is not an extension. */
const maxExtensionLength = 16;

const forbiddenOnWindows = /[<>:"/\\|?*\p{Cc}]/gu;
const forbiddenElsewhere = /[/\0]/g;

/** Device names, with any extension (learn.microsoft.com/windows/win32/fileio/naming-a-file). */
const reservedOnWindows = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$) *(\.|$)/i;

/**
 * The closest valid file name on `platform`. Forbidden characters become `_`, and a name that is too long is cut before the
 * extension. A `number` of 1 or more is added to the name: `talk.mp3` becomes `talk (1).mp3`.
 */
export function validFileName(name: string, platform: NodeJS.Platform, number = 0): string {
  const windows = platform === 'win32';
  let valid = name.toWellFormed().replace(windows ? forbiddenOnWindows : forbiddenElsewhere, '_');
  if (windows) valid = withoutTrailing(valid, '. ').replace(reservedOnWindows, '_$&');
  if (valid === '' || valid === '.' || valid === '..') valid = '_';

  const dot = valid.lastIndexOf('.');
  const hasExtension = dot > 0 && valid.length - dot <= maxExtensionLength;
  const stem = hasExtension ? valid.slice(0, dot) : valid;
  const ending = `${number > 0 ? ` (${number})` : ''}${hasExtension ? valid.slice(dot) : ''}`;
  return cutTo(stem, maxNameLength - lengthOf(ending, windows), windows) + ending;
}

function lengthOf(text: string, windows: boolean): number {
  return windows ? text.length : Buffer.byteLength(text);
}

/** Cuts between grapheme clusters, so that no emoji is split. */
function cutTo(text: string, limit: number, windows: boolean): string {
  if (lengthOf(text, windows) <= limit) return text;
  let kept = '';
  let length = 0;
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    length += lengthOf(segment, windows);
    if (length > limit) break;
    kept += segment;
  }
  return kept;
}
