import { randomBytes } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { mebibyte, put, read, sha256 } from './blob-examples.ts';
import type { BlobStoreUnderTest } from './blob-store.contract.ts';

/** The part of the BlobStore's contract about blobs as local files. */
export function describeLocalFiles(current: () => BlobStoreUnderTest): void {
  describe('a local file', () => {
    it('has the same bytes, and disposing of it does not remove the blob', async () => {
      const { store } = current();
      const bytes = randomBytes(mebibyte + 1);
      await put(store, 'blob', bytes);
      {
        await using file = await store.localFile('blob');
        expect(path.isAbsolute(file.path)).toBe(true);
        expect(sha256(await readFile(file.path))).toBe(sha256(bytes));
      }
      expect(sha256(await read(store, 'blob'))).toBe(sha256(bytes));
    });

    it('is copied only where there is room, which is freed by disposing of it', async () => {
      const { store, copyBudgetBytes } = current();
      const bytes = Math.ceil(((copyBudgetBytes ?? mebibyte) * 2) / 3);
      await put(store, 'one', randomBytes(bytes));
      await put(store, 'other', randomBytes(bytes));
      {
        await using one = await store.localFile('one');
        if (copyBudgetBytes === undefined) {
          // The blob itself, each time: nothing was copied.
          await using again = await store.localFile('one');
          expect((await stat(again.path, { bigint: true })).ino).toBe((await stat(one.path, { bigint: true })).ino);
        } else {
          await expect(store.localFile('other')).rejects.toMatchObject({
            code: 'disk_full',
            details: { neededBytes: bytes },
          });
        }
      }
      await using other = await store.localFile('other');
      expect((await stat(other.path)).size).toBe(bytes);
    });
  });
}
