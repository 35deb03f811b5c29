import { describe, expect, it } from 'vitest';
import { exampleConversion, exampleEnded, exampleTime } from './conversion-examples.ts';
import type { ConversionStore } from './conversion-store.ts';

const uploadKey = '6c3a3a0e-2f6f-4d0b-8c1f-2f9a7f5e1b01';
const taken = { name: 'AppError', code: 'taken' };

/** The part of the ConversionStore contract about upload keys. */
export function describeUploadKeys(current: () => ConversionStore): void {
  describe('upload keys', () => {
    it('finds the row of a key', async () => {
      const row = exampleConversion({ state: 'uploading', uploadKey });
      await current().insert(row);
      await current().insert(exampleConversion());
      expect(await current().getByUploadKey('anna', uploadKey)).toEqual(row);
      expect(await current().getByUploadKey('anna', 'another')).toBeUndefined();
    });

    it('refuses a second row with the same key, and keeps the first', async () => {
      const row = exampleConversion({ uploadKey });
      await current().insert(row);
      const second = exampleConversion({ uploadKey });
      await expect(current().insert(second)).rejects.toMatchObject(taken);
      expect(await current().get(second.id)).toBeUndefined();
      expect(await current().getByUploadKey('anna', uploadKey)).toEqual(row);
    });

    it('lets one of several calls succeed that insert the same key at once', async () => {
      const rows = Array.from({ length: 10 }, () => exampleConversion({ uploadKey }));
      const results = await Promise.allSettled(rows.map((row) => current().insert(row)));
      const winners = rows.filter((_, index) => results[index]?.status === 'fulfilled');
      expect(winners).toHaveLength(1);
      for (const result of results) if (result.status === 'rejected') expect(result.reason).toMatchObject(taken);
      expect(await current().getByUploadKey('anna', uploadKey)).toEqual(winners[0]);
    });

    it('keeps the keys of different owners apart', async () => {
      const ofAnna = exampleConversion({ uploadKey });
      const ofBert = exampleConversion({ uploadKey, owner: 'bert' });
      await current().insert(ofAnna);
      await current().insert(ofBert);
      expect(await current().getByUploadKey('anna', uploadKey)).toEqual(ofAnna);
      expect(await current().getByUploadKey('bert', uploadKey)).toEqual(ofBert);
      expect(await current().getByUploadKey('cleo', uploadKey)).toBeUndefined();
    });

    it('keeps a key through every change of its row, and frees it when the row is forgotten', async () => {
      const row = exampleConversion({ state: 'uploading', uploadKey });
      await current().insert(row);
      const removed = exampleEnded('cancelled', { id: row.id, uploadKey, revision: 2, removedAt: exampleTime });
      expect(await current().replace(row, removed)).toBe(true);
      await expect(current().insert(exampleConversion({ uploadKey }))).rejects.toMatchObject(taken);
      expect(await current().getByUploadKey('anna', uploadKey)).toEqual(removed);

      expect(await current().forget(removed)).toBe(true);
      expect(await current().getByUploadKey('anna', uploadKey)).toBeUndefined();
      await current().insert(exampleConversion({ uploadKey }));
    });
  });
}
