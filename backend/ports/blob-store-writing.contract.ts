import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  bytesOf,
  expectCode,
  fence,
  from,
  kibibyte,
  label,
  listed,
  mebibyte,
  put,
  read,
  resume,
  sha256,
} from './blob-examples.ts';
import type { BlobStore } from './blob-store.ts';

/** The part of the BlobStore's contract about making a blob. */
export function describeBlobWriting(current: () => BlobStore): void {
  describe('appending', () => {
    it('returns what was appended piece by piece', async () => {
      const bytes = randomBytes(3 * mebibyte + 17);
      const cuts = [0, 1, 1000, mebibyte, mebibyte + 300 * kibibyte, bytes.length];
      for (const [index, start] of cuts.slice(0, -1).entries()) {
        const end = cuts[index + 1] ?? bytes.length;
        expect(await current().append('blob', fence, start, from(bytes.subarray(start, end)), label)).toBe(end);
        expect(await current().stat('blob')).toEqual({ id: 'blob', bytes: end, finished: false });
      }
      expect(await current().finish('blob', fence)).toEqual({ id: 'blob', bytes: bytes.length, finished: true });
      expect(await current().stat('blob')).toEqual({ id: 'blob', bytes: bytes.length, finished: true });
      expect(sha256(await read(current(), 'blob'))).toBe(sha256(bytes));
    });

    it('accepts a source in chunks of any size', async () => {
      const sizes = [0, 1, 0, 65_536, 3, 2 * mebibyte + 1, 255 * kibibyte, 0];
      const chunks = sizes.map((size) => randomBytes(size));
      const whole = Buffer.concat(chunks);
      expect(await current().append('blob', fence, 0, from(...chunks), label)).toBe(whole.length);
      await current().finish('blob', fence);
      expect(sha256(await read(current(), 'blob'))).toBe(sha256(whole));
    });

    it('has room, and refuses a source that does not fit before it reads it', async () => {
      const room = await current().room();
      expect(room).toBeGreaterThan(0);
      let isRead = false;
      async function* source(): AsyncGenerator<Uint8Array> {
        isRead = true;
        yield bytesOf('abc');
      }
      expect(await current().append('fits', fence, 0, from(bytesOf('abc')), label, { expectedBytes: 3 })).toBe(3);
      // A store that does not know its room refuses nothing.
      const expectedBytes = Number.isFinite(room) ? 2 ** 60 : 3;
      const appending = current().append('blob', fence, 0, source(), label, { expectedBytes });
      if (!Number.isFinite(room)) return expect(await appending).toBe(3);
      await expectCode(appending, 'disk_full');
      expect([isRead, await current().stat('blob')]).toEqual([false, undefined]);
    });

    it('accepts a source that is smaller or larger than expected', async () => {
      const append = (id: string, expectedBytes: number): Promise<number> =>
        current().append(id, fence, 0, from(bytesOf('abc')), label, { expectedBytes });
      expect([await append('smaller', 4), await append('larger', 2), await append('unknown', 0)]).toEqual([3, 3, 3]);
    });

    it('accepts an empty source, which adds nothing', async () => {
      expect(await current().append('blob', fence, 0, from(), label)).toBe(0);
      expect(await current().append('blob', fence, 0, from(bytesOf('abc')), label)).toBe(3);
      expect(await current().append('blob', fence, 3, from(new Uint8Array()), label)).toBe(3);
      await current().finish('blob', fence);
      expect(String(await read(current(), 'blob'))).toBe('abc');
    });

    it.each([1, -1, 0.5, Number.NaN])('starts no blob at the offset %d', async (offset) => {
      await expectCode(current().append('blob', fence, offset, from(bytesOf('abc')), label), 'wrong_state');
      expect(await current().stat('blob')).toBeUndefined();
    });

    it.each([0, 2, 4, 100, -1, 2.5, Number.NaN])('refuses the offset %d of a blob of 3 bytes', async (offset) => {
      await current().append('blob', fence, 0, from(bytesOf('abc')), label);
      await expectCode(current().append('blob', fence, offset, from(bytesOf('XYZ')), label), 'wrong_state');
      expect(await current().append('blob', fence, 3, from(bytesOf('def')), label)).toBe(6);
      await current().finish('blob', fence);
      expect(String(await read(current(), 'blob'))).toBe('abcdef');
    });

    it('refuses to add to a finished blob', async () => {
      await put(current(), 'blob', bytesOf('abc'));
      await expectCode(current().append('blob', fence, 3, from(bytesOf('def')), label), 'wrong_state');
      await expectCode(current().append('blob', fence, 0, from(bytesOf('def')), label), 'wrong_state');
      expect(String(await read(current(), 'blob'))).toBe('abc');
    });

    it.each([0, 5])('lets one of several calls succeed that append at %d at once', async (offset) => {
      if (offset > 0) await current().append('blob', fence, 0, from(randomBytes(offset)), label);
      const pieces = Array.from({ length: 5 }, () => randomBytes(700 * kibibyte));
      const results = await Promise.allSettled(
        pieces.map((piece) =>
          current().append('blob', fence, offset, from(piece.subarray(0, 1000), piece.subarray(1000)), label),
        ),
      );
      const winners = pieces.filter((_, index) => results[index]?.status === 'fulfilled');
      expect(winners).toHaveLength(1);
      for (const result of results) {
        if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'wrong_state' });
      }
      const { bytes } = await current().finish('blob', fence);
      expect(bytes).toBe(offset + 700 * kibibyte);
      expect(sha256(await read(current(), 'blob', offset, bytes))).toBe(sha256(winners[0] ?? new Uint8Array()));
    });

    it('appends to many blobs at once without mixing them up', async () => {
      const blobs = Array.from({ length: 8 }, (_, index) => ({
        id: `blob-${index}`,
        bytes: randomBytes(300 * kibibyte),
      }));
      await Promise.all(
        blobs.map(({ id, bytes }) => put(current(), id, bytes.subarray(0, 70_000), bytes.subarray(70_000))),
      );
      for (const { id, bytes } of blobs) expect(sha256(await read(current(), id))).toBe(sha256(bytes));
    });

    it('rejects with what the source threw, and continues after the bytes that were kept', async () => {
      const bytes = randomBytes(2 * mebibyte);
      const broken = new Error('the client has gone away');
      async function* source(): AsyncGenerator<Uint8Array> {
        yield bytes.subarray(0, mebibyte);
        yield bytes.subarray(mebibyte, mebibyte + 10);
        throw broken;
      }
      await expect(current().append('blob', fence, 0, source(), label)).rejects.toBe(broken);
      expect((await current().stat('blob'))?.bytes ?? 0).toBeLessThanOrEqual(mebibyte + 10);
      await resume(current(), 'blob', bytes);
    });

    it('rejects with the reason of an abort while the source hangs, and continues after the bytes that were kept', async () => {
      const bytes = randomBytes(2 * mebibyte);
      const controller = new AbortController();
      const reason = new Error('enough');
      async function* source(): AsyncGenerator<Uint8Array> {
        yield bytes.subarray(0, mebibyte + 10);
        queueMicrotask(() => controller.abort(reason));
        await new Promise(() => undefined);
      }
      await expect(current().append('blob', fence, 0, source(), label, { signal: controller.signal })).rejects.toBe(
        reason,
      );
      expect((await current().stat('blob'))?.bytes ?? 0).toBeLessThanOrEqual(mebibyte + 10);
      await resume(current(), 'blob', bytes);
    });

    it('does nothing if the signal has already fired', async () => {
      const reason = new Error('enough');
      await expect(
        current().append('blob', fence, 0, from(bytesOf('abc')), label, { signal: AbortSignal.abort(reason) }),
      ).rejects.toBe(reason);
      expect(await current().stat('blob')).toBeUndefined();
    });
  });

  describe('cutting back', () => {
    it.each([0, 1, 700 * kibibyte, mebibyte, mebibyte + 1, 3 * mebibyte])(
      'keeps the first %d bytes, and the next append continues there',
      async (kept) => {
        const bytes = randomBytes(3 * mebibyte);
        await current().append('blob', fence, 0, from(bytes.subarray(0, mebibyte + 5)), label);
        await current().append('blob', fence, mebibyte + 5, from(bytes.subarray(mebibyte + 5)), label);
        await current().truncate('blob', fence, kept);
        expect(await current().stat('blob')).toEqual({ id: 'blob', bytes: kept, finished: false });
        const other = randomBytes(2 * mebibyte);
        expect(await current().append('blob', fence, kept, from(other), label)).toBe(kept + other.length);
        await current().finish('blob', fence);
        expect(sha256(await read(current(), 'blob'))).toBe(sha256(Buffer.concat([bytes.subarray(0, kept), other])));
      },
    );

    it('refuses a blob that was never started', async () => {
      await expectCode(current().truncate('blob', fence, 0), 'not_found');
      expect(await current().stat('blob')).toBeUndefined();
    });

    it.each([4, -1, 0.5, Number.NaN])('refuses to make %d bytes of 3', async (bytes) => {
      await current().append('blob', fence, 0, from(bytesOf('abc')), label);
      await expectCode(current().truncate('blob', fence, bytes), 'wrong_state');
      expect(await current().stat('blob')).toMatchObject({ bytes: 3 });
    });

    it('refuses a finished blob', async () => {
      await put(current(), 'blob', bytesOf('abc'));
      await expectCode(current().truncate('blob', fence, 1), 'wrong_state');
      expect(String(await read(current(), 'blob'))).toBe('abc');
    });

    it('refuses a blob that is being written', async () => {
      const begun = Promise.withResolvers<void>();
      const go = Promise.withResolvers<void>();
      async function* source(): AsyncGenerator<Uint8Array> {
        yield bytesOf('abc');
        begun.resolve();
        await go.promise;
        yield bytesOf('def');
      }
      const appending = current().append('blob', fence, 0, source(), label);
      await begun.promise;
      await expectCode(current().truncate('blob', fence, 0), 'wrong_state');
      go.resolve();
      expect(await appending).toBe(6);
    });
  });

  describe('adopting a file', () => {
    let folder: string;
    beforeEach(async () => {
      folder = await mkdtemp(path.join(tmpdir(), 'soundlift-adopt-'));
    });
    afterEach(() => rm(folder, { recursive: true }));

    it.each(['nothing', 'an unfinished blob', 'a finished blob'])('replaces %s', async (there) => {
      const bytes = randomBytes(2 * mebibyte + 7);
      const file = path.join(folder, 'file');
      await writeFile(file, bytes);
      if (there !== 'nothing') await current().append('blob', fence, 0, from(randomBytes(3 * mebibyte)), label);
      if (there === 'a finished blob') await current().finish('blob', fence);
      const info = { id: 'blob', bytes: bytes.length, finished: true };
      expect(await current().adopt('blob', fence + 1, file, label)).toEqual(info);
      expect(await current().stat('blob')).toEqual(info);
      expect(await listed(current())).toEqual([info]);
      expect(sha256(await read(current(), 'blob'))).toBe(sha256(bytes));
    });

    it('makes no blob if there is no such file', async () => {
      await expectCode(current().adopt('blob', fence, path.join(folder, 'gone'), label), 'unavailable');
      expect(await listed(current())).toEqual([]);
    });

    it('does nothing if the signal has already fired', async () => {
      const file = path.join(folder, 'file');
      await writeFile(file, 'abc');
      const reason = new Error('enough');
      const adopting = current().adopt('blob', fence, file, label, AbortSignal.abort(reason));
      await expect(adopting).rejects.toBe(reason);
      expect(await listed(current())).toEqual([]);
    });
  });

  describe('finishing', () => {
    it('refuses a blob that was never started', async () => {
      await expectCode(current().finish('blob', fence), 'not_found');
    });

    it('makes an empty blob from an empty source', async () => {
      expect(await put(current(), 'blob')).toEqual({ id: 'blob', bytes: 0, finished: true });
      expect(await read(current(), 'blob')).toHaveLength(0);
      expect(await read(current(), 'blob', 0, 0)).toHaveLength(0);
      await using file = await current().localFile('blob');
      expect(await readFile(file.path)).toHaveLength(0);
    });

    it('has the same effect twice as once, in sequence or at the same time', async () => {
      await current().append('blob', fence, 0, from(bytesOf('abc')), label);
      const info = { id: 'blob', bytes: 3, finished: true };
      expect(
        await Promise.all([
          current().finish('blob', fence),
          current().finish('blob', fence),
          current().finish('blob', fence),
        ]),
      ).toEqual([info, info, info]);
      expect(await current().finish('blob', fence)).toEqual(info);
      expect(String(await read(current(), 'blob'))).toBe('abc');
    });
  });
}
