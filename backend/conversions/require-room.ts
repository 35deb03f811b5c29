import { AppError } from '../../shared/errors.ts';
import type { BlobStore } from '../ports/blob-store.ts';

/** Throws `disk_full` if there is no space for a video of this many bytes. */
export async function requireRoom(videos: BlobStore, bytes = 0): Promise<void> {
  const room = await videos.room();
  if (room > 0 && room >= bytes) return;
  throw new AppError('disk_full', 'The server has not enough space for this video.', {
    ...(bytes > 0 ? { details: { neededBytes: bytes } } : {}),
  });
}
