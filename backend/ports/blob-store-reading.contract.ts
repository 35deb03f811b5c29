import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { bytesOf, expectCode, fence, from, kibibyte, label, mebibyte, put, read, sha256 } from './blob-examples.ts';
import type { BlobStore } from './blob-store.ts';

/** The part of the BlobStore's contract about reading a blob. */
export function describeBlobReading(current: () => BlobStore): void {
  describe('reading', () => {
    it('throws before the blob is finished, or if there is none', async () => {
      await current().append('growing', fence, 0, from(bytesOf('abc')), label);
      for (const id of ['growing', 'never']) {
        await expectCode(current().open(id), 'not_found');
        await expectCode(current().open(id, { start: 0, end: 1 }), 'not_found');
        await expectCode(current().localFile(id), 'not_found');
      }
    });

    it('returns the requested range', async () => {
      const bytes = randomBytes(2 * mebibyte + 5);
      await put(current(), 'blob', bytes);
      const size = bytes.length;
      const ranges = [
        [0, 1],
        [0, size],
        [size - 1, size],
        [7, 7],
        [size, size],
        [mebibyte - 1, mebibyte + 1],
        [255 * kibibyte, 256 * kibibyte],
        [100, size - 100],
      ] as const;
      for (const [start, end] of ranges) {
        const part = await read(current(), 'blob', start, end);
        expect(part).toHaveLength(end - start);
        expect(part.equals(bytes.subarray(start, end))).toBe(true);
      }
    });

    it.each([
      [0, 4],
      [3, 4],
      [4, 4],
      [2, 1],
      [-1, 2],
      [0.5, 2],
      [Number.NaN, 2],
    ])('refuses the range %d to %d of a blob of 3 bytes', async (start, end) => {
      await put(current(), 'blob', bytesOf('abc'));
      await expectCode(current().open('blob', { start, end }), 'range_not_satisfiable');
    });

    it('serves several readers at once', async () => {
      const bytes = randomBytes(mebibyte);
      await put(current(), 'blob', bytes);
      const parts = await Promise.all([
        read(current(), 'blob'),
        read(current(), 'blob', 10, 600_000),
        read(current(), 'blob'),
      ]);
      expect(parts.map(sha256)).toEqual([sha256(bytes), sha256(bytes.subarray(10, 600_000)), sha256(bytes)]);
    });

    it('ends a stream with the reason of an abort', async () => {
      await put(current(), 'blob', randomBytes(4 * mebibyte));
      const controller = new AbortController();
      const reason = new Error('enough');
      const stream = await current().open('blob', undefined, controller.signal);
      const reading = (async () => {
        for await (const _ of stream) controller.abort(reason);
      })();
      await expect(reading).rejects.toBe(reason);
    });

    it('opens nothing if the signal has already fired', async () => {
      await put(current(), 'blob', bytesOf('abc'));
      const reason = new Error('enough');
      await expect(current().open('blob', undefined, AbortSignal.abort(reason))).rejects.toBe(reason);
      await expect(current().localFile('blob', AbortSignal.abort(reason))).rejects.toBe(reason);
    });
  });
}
