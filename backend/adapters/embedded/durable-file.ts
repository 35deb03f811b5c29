import { type FileHandle, open } from 'node:fs/promises';

/** Makes the names in a folder durable: what was made, renamed or removed there. */
export async function syncFolder(folder: string): Promise<void> {
  // Windows opens no folder for this; NTFS writes its names into its journal by itself.
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

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

/** Writes every byte of `chunk` from `position` on; resolves with how many. A system call may take less than it was given. */
export async function writeAll(handle: FileHandle, chunk: Uint8Array, position: number): Promise<number> {
  let written = 0;
  while (written < chunk.byteLength) {
    const { bytesWritten } = await handle.write(chunk, written, chunk.byteLength - written, position + written);
    written += bytesWritten;
  }
  return written;
}

/**
 * Makes what was written durable, or cuts the file back to its first `durableBytes`: after a sync that failed, nobody knows which
 * of the bytes behind them are on the disk.
 */
export async function syncOrCutBack(handle: FileHandle, durableBytes: number): Promise<void> {
  try {
    await handle.sync();
  } catch (error) {
    await handle.truncate(durableBytes);
    throw error;
  }
}
