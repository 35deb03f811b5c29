import type { ConversionRow, ScannedRow } from '../ports/conversion-store.ts';

/** The source's blob in `videos`: the conversion's own id. */
export function videoBlobId(record: Pick<ConversionRow, 'id'>): string {
  return record.id;
}

/** The MP3's blob in `mp3s`. With the attempt in it, two converters of one conversion never write the same blob. */
export function mp3BlobId(record: Pick<ConversionRow, 'id' | 'attempt'>): string {
  return `${record.id}-${record.attempt}`;
}

/** The other way: which conversion and attempt an MP3's blob belongs to; undefined for a name that is not of this kind. */
export function parseMp3BlobId(blobId: string): { readonly id: string; readonly attempt: number } | undefined {
  const match = /^(.+)-([1-9][0-9]*)$/.exec(blobId);
  const [, id, attempt] = match ?? [];
  return id === undefined || attempt === undefined ? undefined : { id, attempt: Number(attempt) };
}

/**
 * The fence under which the blobs of a row are changed by the one who has just claimed it, or who has found that it does not want them any
 * more: each later claim has a higher one. Without a row there is nobody left who could claim.
 */
export function blobFence(row: Pick<ConversionRow, 'revision'> | undefined): number {
  return row?.revision ?? Number.MAX_SAFE_INTEGER;
}

/**
 * Whether a video's blob may still be wanted, by its conversion's row. The row is written before the blob and only ever turns
 * from wanting to not wanting, so a blob that is unwanted once may be removed at any time after.
 */
export function wantsVideo(record: ScannedRow | undefined): boolean {
  return record !== undefined && record.removedAt === undefined && !record.sourceGone;
}

/** The same for the MP3 of one attempt. An attempt that is over without being done never wants its MP3 again. */
export function wantsMp3(record: ScannedRow | undefined, attempt: number): boolean {
  if (record === undefined || record.removedAt !== undefined || attempt < record.attempt) return false;
  return attempt > record.attempt || (record.state !== 'failed' && record.state !== 'cancelled');
}
