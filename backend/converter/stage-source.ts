import { link, realpath, rm, stat, symlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { AppError, systemErrorCode } from '../../shared/errors.ts';
import { failure } from '../../shared/words/failure-sentence.ts';
import { sayShared } from '../../shared/words/say.ts';
import { sourceName } from './ffmpeg/media-formats.ts';
import { notMedia } from './source-facts.ts';

/**
 * Puts the source into the work folder under a name of ours, without a copy, and returns its size in bytes. Throws
 * `source_missing`, `source_unreadable`, or `not_media` for what can hold no sound (a folder, a device, nothing at all).
 */
export async function stageSource(sourcePath: string, workFolder: string): Promise<number> {
  // Of what a link leads to: a hard link to a link would only copy it, away from what it is relative to.
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
 * A symbolic link, which leaves the person's file as it is. A hard link where those are not to be had (Windows wants a
 * privilege), and first for root: contained, it may not go through other people's folders any more.
 */
async function linkTo(target: string, path: string): Promise<void> {
  const [first, second] = process.getuid?.() === 0 ? [link, symlink] : [symlink, link];
  try {
    await first(target, path);
  } catch {
    await second(target, path).catch((error: unknown) => {
      const code = systemErrorCode(error);
      if (code === 'ENOSPC' || code === 'EDQUOT') throw failure('disk_full', { cause: error });
      throw new AppError('source_unreadable', 'The video cannot be reached by the converter.', { cause: error });
    });
  }
}
