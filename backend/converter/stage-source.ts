import { link, realpath, rm, stat, symlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { isDiskFull } from '../../shared/disk-full.ts';
import { AppError, systemErrorCode } from '../../shared/errors.ts';
import { failure } from '../../shared/words/failure-sentence.ts';
import { sayShared } from '../../shared/words/say.ts';
import { sourceName } from './ffmpeg/media-formats.ts';
import { notMedia } from './source-facts.ts';

/**
 * Links the source into the work folder under a fixed name, without copying it, and returns its size in bytes. Throws
 * `source_missing`, `source_unreadable`, or `not_media` for a folder, a device or an empty file.
 */
export async function stageSource(sourcePath: string, workFolder: string): Promise<number> {
  // Resolves links first: a hard link to a symbolic link would copy the link, and a relative link would then point
  // elsewhere.
  const absolute = await realpath(resolve(sourcePath)).catch(unreachable);
  const { bytes, kind } = await inspect(absolute);
  if (kind === 'folder') throw new AppError('not_media', sayShared('failFolder'));
  // Reading from a pipe or a device might never end.
  if (kind === 'other') throw notMedia();
  if (bytes === 0) throw new AppError('not_media', sayShared('failEmpty'));

  const staged = join(workFolder, sourceName);
  await rm(staged, { force: true });
  await linkTo(absolute, staged);
  return bytes;
}

async function inspect(path: string): Promise<{ readonly bytes: number; readonly kind: 'file' | 'folder' | 'other' }> {
  const facts = await stat(path).catch(unreachable);
  return { bytes: facts.size, kind: facts.isFile() ? 'file' : facts.isDirectory() ? 'folder' : 'other' };
}

function unreachable(error: unknown): never {
  const code = systemErrorCode(error);
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    throw failure('source_missing', { cause: error });
  }
  throw failure('source_unreadable', { cause: error });
}

/**
 * Prefers a symbolic link, which does not touch the person's file. Uses a hard link if symbolic links are not available
 * (Windows requires a privilege). As root, a hard link comes first: contained ffmpeg cannot pass through other people's
 * folders.
 */
async function linkTo(target: string, path: string): Promise<void> {
  const [first, second] = process.getuid?.() === 0 ? [link, symlink] : [symlink, link];
  try {
    await first(target, path);
  } catch {
    await second(target, path).catch((error: unknown) => {
      if (isDiskFull(error)) throw failure('disk_full', { cause: error });
      throw new AppError('source_unreadable', sayShared('failNotReachable'), { cause: error });
    });
  }
}
