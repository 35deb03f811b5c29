import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AppError } from '../../shared/errors.ts';
import {
  byId,
  bytesOf,
  expectCode,
  fence,
  from,
  heldBytes,
  kibibyte,
  label,
  listed,
  mebibyte,
  put,
  read,
  resume,
  sha256,
} from './blob-examples.ts';
import type { BlobInfo, BlobStore } from './blob-store.ts';
import { describeBlobFence } from './blob-store-fence.contract.ts';
import { describeLocalFiles } from './blob-store-local-file.contract.ts';
import { describeBlobReading } from './blob-store-reading.contract.ts';
import { describeBlobWriting } from './blob-store-writing.contract.ts';

/** An empty store, made by an adapter's test. */
export interface BlobStoreUnderTest {
  /** All of its I/O can be frozen (`freezing.ts`). */
  readonly store: BlobStore;
  /**
   * A second store over the same data, as in another process. It shares nothing with the first but the storage. Undefined if only
   * one process may use the data at a time.
   */
  readonly other?: BlobStore;
  /** The size of the pieces in which it stores a blob; undefined if it stores a blob whole. */
  readonly chunkBytes?: number;
  /** How many bytes its local files may hold in copies; undefined if it makes none. */
  readonly copyBudgetBytes?: number;
  /** A second store over the same data, as after a restart. The first is no longer used. */
  reopen(): Promise<BlobStore>;
  /** Makes the store's storage unavailable, like a server that is down or a disk that was removed. */
  takeAway(): Promise<void>;
  dispose(): Promise<void>;
}

/** Texts that no store may accept as an id. */
const badIds: readonly string[] = [
  '',
  '.',
  '..',
  '../x',
  'a/b',
  'a\\b',
  '/etc/passwd',
  'a\0',
  'a.part',
  'ä',
  'a b',
  'a\n',
  'x'.repeat(300),
];

/** Runs the contract of the port over the stores that `make` makes. */
export function describeBlobStore(name: string, make: () => Promise<BlobStoreUnderTest>): void {
  describe(`${name}, as a BlobStore`, () => {
    let underTest: BlobStoreUnderTest;
    let store: BlobStore;
    beforeEach(async () => {
      underTest = await make();
      store = underTest.store;
    });
    afterEach(() => underTest.dispose());

    describeBlobWriting(() => store);
    describeBlobReading(() => store);
    describeBlobFence(() => underTest);
    describeLocalFiles(() => underTest);

    describe('removing and listing', () => {
      it('finds no blob that was never made', async () => {
        expect(await store.stat('blob')).toBeUndefined();
        expect(await listed(store)).toEqual([]);
        await store.remove('blob', fence);
      });

      it('removes finished and unfinished blobs', async () => {
        await put(store, 'finished', bytesOf('abc'));
        await store.append('growing', fence, 0, from(bytesOf('abc')), label);
        for (const id of ['finished', 'growing']) {
          await store.remove(id, fence);
          await store.remove(id, fence);
          expect(await store.stat(id)).toBeUndefined();
          await expectCode(store.open(id), 'not_found');
          await expectCode(store.finish(id, fence), 'not_found');
          await expectCode(store.append(id, fence, 3, from(bytesOf('def')), label), 'wrong_state');
        }
        expect(await listed(store)).toEqual([]);
      });

      it('takes the blob away from its writer', async () => {
        const begun = Promise.withResolvers<void>();
        const removed = Promise.withResolvers<void>();
        async function* source(): AsyncGenerator<Uint8Array> {
          yield randomBytes(mebibyte);
          begun.resolve();
          await removed.promise;
          yield randomBytes(mebibyte);
        }
        const appending = expect(store.append('blob', fence, 0, source(), label)).rejects.toThrow(AppError);
        await begun.promise;
        await store.remove('blob', fence);
        expect(await store.stat('blob')).toBeUndefined();
        removed.resolve();
        await appending;
        expect(await store.stat('blob')).toBeUndefined();
        expect(await listed(store)).toEqual([]);
      });

      it('lists all blobs, finished or not, also while they are removed', async () => {
        const expected: BlobInfo[] = [];
        for (let size = 1; size <= 40; size++) {
          const id = `blob-${size}`;
          const finished = size % 2 === 0;
          await store.append(id, fence, 0, from(randomBytes(size)), label);
          if (finished) await store.finish(id, fence);
          expected.push({ id, bytes: size, finished });
        }
        expect(await listed(store)).toEqual(byId(expected));

        const seen: BlobInfo[] = [];
        for await (const info of store.list()) {
          seen.push(info);
          await store.remove(info.id, fence);
        }
        expect(byId(seen)).toEqual(byId(expected));
        expect(await listed(store)).toEqual([]);
      });
    });

    describe('ids', () => {
      it.each(badIds.map((id) => ({ id })))('do not accept $id', async ({ id }) => {
        await expectCode(store.append(id, fence, 0, from(bytesOf('abc')), label), 'not_found');
        await expectCode(store.truncate(id, fence, 0), 'not_found');
        await expectCode(store.finish(id, fence), 'not_found');
        await expectCode(store.open(id), 'not_found');
        await expectCode(store.localFile(id), 'not_found');
        await expectCode(store.stat(id), 'not_found');
        await expectCode(store.remove(id, fence), 'not_found');
        expect(await listed(store)).toEqual([]);
      });

      it.each(['0', '-', '_', '018f2f9e-7c1a-7a3b-9c4d-1234567890ab-12', `Az09-_${'x'.repeat(194)}`])(
        'accept %s',
        async (id) => {
          await put(store, id, bytesOf('abc'));
          expect(String(await read(store, id))).toBe('abc');
          expect(await listed(store)).toEqual([{ id, bytes: 3, finished: true }]);
          await store.remove(id, fence);
          expect(await store.stat(id)).toBeUndefined();
        },
      );
    });

    it('holds only a small part of a blob in memory', async () => {
      const chunks = 512;
      const chunkBytes = 64 * kibibyte;
      // Unreferenced memory is not all freed at once on a busy machine.
      const smallPart = (chunks * chunkBytes) / 2;
      const before = heldBytes();
      let held = 0;
      async function* source(): AsyncGenerator<Uint8Array> {
        for (let index = 0; index < chunks; index++) {
          yield Buffer.alloc(chunkBytes, index);
          if (index === chunks - 1) held = heldBytes() - before;
        }
      }
      await store.append('blob', fence, 0, source(), label);
      expect(held).toBeLessThan(smallPart);

      await store.finish('blob', fence);
      let bytes = 0;
      for await (const chunk of await store.open('blob')) {
        bytes += chunk.length;
        if (bytes === chunks * chunkBytes) held = heldBytes() - before;
      }
      expect(bytes).toBe(chunks * chunkBytes);
      expect(held).toBeLessThan(smallPart);
    });

    it('has everything after it is opened again', async () => {
      const bytes = randomBytes(2 * mebibyte);
      await put(store, 'finished', bytes);
      await store.append('growing', fence, 0, from(bytes.subarray(0, 1_500_000)), label);
      await put(store, 'removed', bytes);
      await store.remove('removed', fence);

      store = await underTest.reopen();
      expect(await listed(store)).toEqual([
        { id: 'finished', bytes: bytes.length, finished: true },
        { id: 'growing', bytes: 1_500_000, finished: false },
      ]);
      expect(sha256(await read(store, 'finished'))).toBe(sha256(bytes));
      await resume(store, 'growing', bytes);
    });

    it('throws unavailable while its storage cannot be reached, and does not report that nothing exists', async () => {
      await put(store, 'finished', bytesOf('abc'));
      await store.append('growing', fence, 0, from(bytesOf('abc')), label);
      await underTest.takeAway();
      await expectCode(store.append('growing', fence, 3, from(bytesOf('def')), label), 'unavailable');
      await expectCode(store.append('new', fence, 0, from(bytesOf('def')), label), 'unavailable');
      await expectCode(store.truncate('growing', fence, 1), 'unavailable');
      await expectCode(store.finish('growing', fence), 'unavailable');
      await expectCode(store.open('finished'), 'unavailable');
      await expectCode(store.localFile('finished'), 'unavailable');
      await expectCode(store.stat('finished'), 'unavailable');
      await expectCode(store.remove('finished', fence), 'unavailable');
      await expectCode(listed(store), 'unavailable');
    });
  });
}
