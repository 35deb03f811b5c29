import { type FileHandle, open } from 'node:fs/promises';

/** Makes the bytes of the file at `file` durable. */
export async function syncFile(file: string): Promise<void> {
  const handle = await open(file, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Cuts the file at `file` to its first `bytes`, durably. */
export async function truncateFile(file: string, bytes: number): Promise<void> {
  const handle = await open(file, 'r+');
  try {
    await cutBack(handle, bytes);
  } finally {
    await handle.close();
  }
}

/** Cuts the file to its first `bytes`, durably. */
export async function cutBack(handle: FileHandle, bytes: number): Promise<void> {
  await handle.truncate(bytes);
  await handle.sync();
}

/**
 * Writes every byte of `chunk` from `position` on, and resolves with how many. A system call may write fewer bytes than it was
 * given.
 */
export async function writeAll(handle: FileHandle, chunk: Uint8Array, position: number): Promise<number> {
  let written = 0;
  while (written < chunk.byteLength) {
    const { bytesWritten } = await handle.write(chunk, written, chunk.byteLength - written, position + written);
    written += bytesWritten;
  }
  return written;
}

/**
 * Makes the written bytes durable, or truncates the file to its first `durableBytes`. After a failed sync it is unknown which of
 * the later bytes are on the disk.
 */
export async function syncOrCutBack(handle: FileHandle, durableBytes: number): Promise<void> {
  try {
    await handle.sync();
  } catch (error) {
    await handle.truncate(durableBytes);
    throw error;
  }
}
