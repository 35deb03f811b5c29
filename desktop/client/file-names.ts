import { cutFileName } from '../../shared/file-name.ts';
import { withoutTrailing } from '../../shared/without-trailing.ts';

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

  const addition = number > 0 ? ` (${number})` : '';
  return windows ? cutFileName(valid, addition, ({ length }) => length) : cutFileName(valid, addition);
}
