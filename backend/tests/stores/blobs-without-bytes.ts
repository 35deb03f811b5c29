import type { BlobStore } from '../../ports/blob-store.ts';

/** For tests: a store of blobs of which only the names exist. */
export function blobsWithoutBytes(names: Set<string>): BlobStore {
  const unused = (): Promise<never> => Promise.reject(new Error('there are no bytes'));
  return {
    append: unused,
    adopt: unused,
    truncate: unused,
    finish: unused,
    open: unused,
    localFile: unused,
    stat: unused,
    room: unused,
    async remove(id) {
      names.delete(id);
    },
    async *list() {
      for (const id of [...names]) yield { id, bytes: 1, finished: true };
    },
  };
}
