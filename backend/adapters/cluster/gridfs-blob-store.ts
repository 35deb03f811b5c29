import type { MongoClient } from 'mongodb';
import type { BlobStore } from '../../ports/blob-store.ts';
import { createBlobCalls } from './blob-calls.ts';
import { createGridFsBlobReading } from './gridfs-blob-reading.ts';
import { createGridFsBlobWriting } from './gridfs-blob-writing.ts';
import { createGridFsFence } from './gridfs-fence.ts';
import { type GridFsTables, openGridFsTables } from './gridfs-tables.ts';
import { createLocalCopies, type LocalCopies } from './local-copies.ts';

const mebibyte = 1024 * 1024;

export interface GridFsOptions {
  /** Absolute path of an existing folder for copies of blobs. */
  readonly workFolder: string;
  /** How many more bytes they may take now. */
  readonly roomBytes: () => Promise<number>;
}

export interface GridFsBlobStores {
  readonly videos: BlobStore;
  readonly mp3s: BlobStore;
}

/**
 * Blobs in the databases `videos` and `mp3s`, in the GridFS bucket `fs`. Any GridFS program can read a finished blob: its file name
 * is the blob's id, and its metadata is the label. The client's time limits decide how long a call may take while the server does
 * not answer. Throws `unavailable`.
 */
export async function openGridFsBlobStores(
  client: MongoClient,
  { workFolder, roomBytes }: GridFsOptions,
): Promise<GridFsBlobStores> {
  const copies = createLocalCopies(workFolder, roomBytes);
  const [videos, mp3s] = await Promise.all([
    openGridFsTables(client.db('videos')),
    openGridFsTables(client.db('mp3s')),
  ]);
  return {
    videos: createGridFsBlobStore(videos, copies, mebibyte),
    mp3s: createGridFsBlobStore(mp3s, copies, mebibyte),
  };
}

/** Blobs in one database, in chunks of `chunkBytes`. */
export function createGridFsBlobStore(tables: GridFsTables, copies: LocalCopies, chunkBytes: number): BlobStore {
  const fence = createGridFsFence(tables, chunkBytes);
  return {
    ...createGridFsBlobReading(tables, copies),
    ...createGridFsBlobWriting(tables, fence, createBlobCalls()),
    // Nobody says how much the server's disks still take.
    room: () => Promise.resolve(Number.POSITIVE_INFINITY),
  };
}
