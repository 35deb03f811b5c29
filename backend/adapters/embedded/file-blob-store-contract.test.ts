import { mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { vi } from 'vitest';
import { describeBlobStore } from '../../ports/blob-store.contract.ts';
import { openFileBlobStore } from './file-blob-store.ts';

vi.mock('node:fs/promises', async (importOriginal) => {
  const { freezableFiles } = await import('../../tests/stores/freezable-files.ts');
  return freezableFiles(await importOriginal());
});

describeBlobStore('files in a folder', async () => {
  const outside = await mkdtemp(path.join(tmpdir(), 'soundlift-blobs-'));
  const folder = path.join(outside, 'videos');
  return {
    store: await openFileBlobStore(folder),
    reopen: () => openFileBlobStore(folder),
    takeAway: () => rename(folder, path.join(outside, 'elsewhere')),
    dispose: () => rm(outside, { recursive: true }),
  };
});
