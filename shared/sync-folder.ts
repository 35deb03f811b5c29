import { open } from 'node:fs/promises';

/** Makes the entries of a folder durable: files and folders that were made, renamed or removed in it. */
export async function syncFolder(folder: string): Promise<void> {
  // Windows cannot open a folder for this. NTFS records names in its own journal.
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
