import type { PlatformPath } from 'node:path';
import path from 'node:path';
import { withoutTrailing } from '../../../shared/without-trailing.ts';
import type { FolderWords } from '../../ipc.ts';

/**
 * A folder as it is shown: `['Movies', 'Lectures']` for one in the person's home folder. The home folder itself is shown by its name. For
 * other folders, the drive or the root of the disk comes first.
 * @param folder absolute path
 * @param home absolute path of the person's home folder
 */
export function folderWords(folder: string, home: string, paths: PlatformPath = path): FolderWords {
  const below = paths.relative(home, folder);
  const isBelow = below !== '' && !paths.isAbsolute(below) && below.split(paths.sep)[0] !== '..';
  if (isBelow) return below.split(paths.sep);
  const { root } = paths.parse(folder);
  const names = paths
    .relative(root, folder)
    .split(paths.sep)
    .filter((name) => name !== '');
  if (below === '') return [names.at(-1) ?? root];
  const drive = withoutTrailing(root, '\\/');
  return drive === '' && names.length > 0 ? names : [drive === '' ? root : drive, ...names];
}
