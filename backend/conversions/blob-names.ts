import type { ConversionRow, ScannedRow } from '../ports/conversion-store.ts';

/** The id of the source's blob in `videos`: the conversion's own id. */
export function videoBlobId(row: Pick<ConversionRow, 'id'>): string {
  return row.id;
}

/** The id of the MP3's blob in `mp3s`. It contains the attempt, so two converters of one conversion never write the same blob. */
export function mp3BlobId(row: Pick<ConversionRow, 'id' | 'attempt'>): string {
  return `${row.id}-${row.attempt}`;
}

/** The conversion and the attempt that an MP3's blob belongs to; undefined for an id that `mp3BlobId` does not make. */
export function parseMp3BlobId(blobId: string): { readonly id: string; readonly attempt: number } | undefined {
  const match = /^(.+)-([1-9][0-9]*)$/.exec(blobId);
  const [, id, attempt] = match ?? [];
  return id === undefined || attempt === undefined ? undefined : { id, attempt: Number(attempt) };
}

/**
 * The fence for changes to a row's blobs. It is used by the process that has just claimed the row, or that has found that the row
 * no longer needs its blobs. Each later claim has a higher fence. If there is no row, nobody can claim it any more.
 */
export function blobFence(row: Pick<ConversionRow, 'revision'> | undefined): number {
  return row?.revision ?? Number.MAX_SAFE_INTEGER;
}

/**
 * Whether a conversion's row may still need the blob of its video. The row is written before the blob and only ever changes from
 * needing it to not needing it, so a blob that is unneeded once may be removed at any later time.
 */
export function wantsVideo(row: ScannedRow | undefined): boolean {
  return row !== undefined && row.removedAt === undefined && !row.sourceGone;
}

/** The same for the MP3 of one attempt. An attempt that has ended and is not done never needs its MP3 again. */
export function wantsMp3(row: ScannedRow | undefined, attempt: number): boolean {
  if (row === undefined || row.removedAt !== undefined || attempt < row.attempt) return false;
  return attempt > row.attempt || (row.state !== 'failed' && row.state !== 'cancelled');
}
