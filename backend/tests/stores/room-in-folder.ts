import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** How many bytes a volume of `volumeBytes` still has room for that holds only this folder's files. */
export function roomInFolder(folder: string, volumeBytes: number): () => Promise<number> {
  return async () => {
    const files = await readdir(folder, { withFileTypes: true });
    const sizes = await Promise.all(
      files.map(async (file) => (file.isFile() ? (await stat(join(folder, file.name))).size : 0)),
    );
    return sizes.reduce((left, size) => left - size, volumeBytes);
  };
}
