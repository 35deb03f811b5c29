import { v7 as newId } from 'uuid';
import { AppError, isAppError } from '../../../shared/errors.ts';
import type { ConversionRow, ConversionStore, ResumableUpload } from '../../ports/conversion-store.ts';
import { leasePatience } from '../kept-lease.ts';
import { holdLease, type Lease, type LeaseParts } from '../lease.ts';
import type { Transition } from '../life-cycle.ts';
import { afterTheEnd, ownUpload } from './own-upload.ts';
import { type SettleUploadParts, settleUpload } from './settle-upload.ts';
import { checkPiece, mismatch, tooLarge, type UploadPiece } from './upload-piece.ts';
import { locked, type UploadWriter } from './upload-writers.ts';
import type { StoredBytes, UploadRow } from './uploaded-bytes.ts';

export interface WriteUploadParts extends LeaseParts, SettleUploadParts {
  readonly store: ConversionStore;
  /** When an upload is removed if no more bytes come from now on; ISO 8601. */
  readonly expiresAt: () => string;
}

/** One request that adds a piece to an upload, from its claim on the row to the end of its write. */
export interface WriteUpload {
  readonly id: string;
  readonly owner: string;
  readonly piece: UploadPiece;
  readonly source: AsyncIterable<Uint8Array>;
  readonly writer: UploadWriter;
}

/** A request whose claim is written in the row. */
interface Writing extends WriteUpload {
  /** The row's upload before the claim. A piece that is refused leaves it so. */
  readonly before: ResumableUpload;
  /** The row after the claim. Its revision is the fence of everything that this request writes. */
  readonly row: UploadRow;
  readonly lease: Lease;
}

/** Adds the piece, and queues the conversion once its video is complete. Throws as `ResumableUploads.append` does. */
export async function writeUpload(request: WriteUpload, parts: WriteUploadParts): Promise<UploadRow> {
  const { id, owner, piece, source } = request;
  const name = newId();
  const claimed = await claim(request, name, parts);
  if (claimed.state !== 'uploading') return await afterTheEnd(claimed.row, piece, source);
  const { before, row, stored } = claimed;
  const { revision, attempt } = row;
  await using lease = holdLease({ id, owner, revision, state: 'uploading', attempt, writer: name }, parts);
  const writing = { ...request, before, row, lease };
  let end: number;
  try {
    // An earlier writer died before its bytes were verified.
    if (stored.unverified) await parts.uploaded.cutBack(row, stored.end);
  } catch (error) {
    await afterwards(writing, endWrite(writing, stored.end, parts, { unverifiedFrom: before.unverifiedFrom }), parts);
    throw error;
  }
  try {
    end = await addPiece(writing, parts);
  } catch (error) {
    if (isAppError(error, 'disk_full')) await giveUp(writing, parts);
    else await afterwards(writing, endInVain(writing, error, parts), parts);
    throw error;
  }
  if (end !== row.upload.bytes) return await endWrite(writing, end, parts);
  try {
    return await complete(writing, end, parts);
  } catch (error) {
    if (isAppError(error, 'disk_full')) await giveUp(writing, parts);
    throw error;
  }
}

/** Waits for what is done after a piece has failed. Throws only if the lease is lost: any other failure must not hide the first one. */
async function afterwards({ row }: Writing, work: Promise<unknown>, { log }: WriteUploadParts): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (isAppError(error, 'locked', 'gone', 'not_found')) throw error;
    log.warn({ err: error, conversion: row.id }, 'could not end the write of an upload; the sweeper will');
  }
}

type Claimed =
  /** The upload is complete, so no claim was written. */
  | { readonly state: 'complete'; readonly row: UploadRow }
  | {
      readonly state: 'uploading';
      readonly before: ResumableUpload;
      readonly row: UploadRow;
      /** The bytes as of the claim. Nobody else can write any. */
      readonly stored: StoredBytes;
    };

/** Checks the piece, and then writes the claim of one writer into the row. A piece that does not fit changes nothing. */
async function claim(
  { id, owner, piece }: WriteUpload,
  writer: string,
  { rows, store, uploaded, expiresAt }: WriteUploadParts,
): Promise<Claimed> {
  for (;;) {
    const seen = ownUpload(await store.get(id), owner);
    if (seen.state !== 'uploading') return { state: 'complete', row: seen };
    const { upload: before } = seen;
    if (before.writer !== undefined) throw locked();
    const stored = await uploaded.stored(id, before.unverifiedFrom);
    checkPiece(before, stored.end, piece);
    const bytes = before.bytes ?? piece.videoBytes;
    const { row, changed } = await rows.decide(id, ({ revision }) =>
      // If another writer has come in between, the piece is checked again.
      revision === seen.revision
        ? {
            type: 'write_begun',
            writer,
            writtenFrom: stored.end,
            expiresAt: expiresAt(),
            ...(bytes === undefined ? {} : { bytes }),
          }
        : undefined,
    );
    if (changed) return { state: 'uploading', before, row: ownUpload(row, owner), stored };
  }
}

/** Resolves with the end of the piece's bytes. */
async function addPiece(writing: Writing, { uploaded }: WriteUploadParts): Promise<number> {
  const { row, piece, source, writer, lease } = writing;
  const { offset, checksum } = piece;
  const { upload } = row;
  const limit = upload.bytes ?? piece.maxVideoBytes;
  async function* counted(): AsyncGenerator<Uint8Array> {
    let end = offset;
    for await (const chunk of writer.watch(source)) {
      end += chunk.byteLength;
      if (end > limit) throw tooLarge(limit);
      checksum?.update(chunk);
      yield chunk;
      if (upload.bytes !== undefined) lease.noteProgress(end / upload.bytes);
    }
  }
  if (offset === limit) {
    // All bytes are stored already: only the length was unknown, or an answer was lost.
    for await (const _chunk of counted());
    return offset;
  }
  if (checksum !== undefined) await lease.write({ type: 'doubted', unverifiedFrom: offset });
  const signal = AbortSignal.any([lease.signal, writer.signal]);
  // All that is still to come needs space, and not only this piece.
  const expectedBytes = upload.bytes === undefined ? piece.pieceBytes : upload.bytes - offset;
  const end = await uploaded.append(row, offset, counted(), { signal, expectedBytes });
  if (checksum !== undefined && !checksum.matches()) throw mismatch();
  // An operator or another program may have removed the file. Then the client must send its bytes again.
  const stored = await uploaded.stored(row.id, undefined);
  if (stored.end !== end) throw new AppError('unavailable', 'The bytes of this upload are no longer stored.');
  return end;
}

async function complete({ row, lease }: Writing, end: number, parts: WriteUploadParts): Promise<UploadRow> {
  await parts.uploaded.finish(row);
  const queued = await lease.end({ type: 'uploaded', sourceBytes: end }, leasePatience());
  if (queued === undefined) return await lost(row, parts);
  await parts.publisher.queued(queued);
  return ownUpload(queued, row.owner);
}

interface WriteEnd {
  readonly unverifiedFrom?: number | undefined;
  /** If given, the upload is left with this length and this expiry instead of those that the request brought. */
  readonly left?: ResumableUpload;
}

/** Ends the write of an upload whose bytes end at `end`. */
async function endWrite(
  { row, lease }: Writing,
  end: number,
  parts: WriteUploadParts,
  { unverifiedFrom, left }: WriteEnd = {},
): Promise<UploadRow> {
  const { bytes } = left ?? row.upload;
  const change: Transition = {
    type: 'write_ended',
    progress: bytes ? Math.min(1, end / bytes) : 0,
    expiresAt: left?.expiresAt ?? parts.expiresAt(),
    ...(bytes === undefined ? {} : { bytes }),
    ...(unverifiedFrom === undefined ? {} : { unverifiedFrom }),
  };
  const next = await lease.end(change, leasePatience());
  return next === undefined ? await lost(row, parts) : ownUpload(next, row.owner);
}

/** After a piece that was interrupted or wrong: keeps the bytes that count and ends the write. Throws if the lease is lost. */
async function endInVain(writing: Writing, reason: unknown, parts: WriteUploadParts): Promise<void> {
  const { row, piece, lease, before } = writing;
  const { uploaded, log } = parts;
  let unverifiedFrom = piece.checksum === undefined ? undefined : piece.offset;
  if (unverifiedFrom !== undefined) {
    // A writer that took over may have written more since. Its bytes must not be removed.
    if ((await lease.write({ type: 'doubted', unverifiedFrom })) === undefined) await lost(row, parts);
    try {
      await uploaded.cutBack(row, unverifiedFrom);
      unverifiedFrom = undefined;
    } catch (error) {
      log.warn({ err: error, conversion: row.id }, 'could not take unverified bytes back; the next writer will');
    }
  }
  const { end } = await uploaded.stored(row.id, unverifiedFrom);
  // The length that comes with a refused piece may be what is wrong with it. After an interruption, clients do not send it again.
  const isRefused = isAppError(reason, 'too_large', 'checksum_mismatch');
  const kept = await endWrite(writing, end, parts, { unverifiedFrom, ...(isRefused ? { left: before } : {}) });
  await settleUpload(kept, parts).catch((error: unknown) => {
    log.warn({ err: error, conversion: row.id }, 'could not queue an upload yet; its next request will');
  });
}

/**
 * Ends an upload for which there is no space. Its bytes would keep the disk full until it expires. They go before the row, which may
 * need the space.
 */
async function giveUp({ row, lease }: Writing, { uploaded, publisher, log }: WriteUploadParts): Promise<void> {
  await uploaded.remove(row.id, row);
  try {
    const abandoned = await lease.end({ type: 'abandoned' });
    if (abandoned !== undefined) await publisher.ended(abandoned);
  } catch (error) {
    log.warn({ err: error, conversion: row.id }, 'could not end an upload that has no space yet; it expires');
  }
}

/** Throws the reason to a writer whose lease is lost. Removes the bytes that it wrote after a cancel. */
async function lost({ id, owner }: UploadRow, { store, uploaded }: WriteUploadParts): Promise<never> {
  const row: ConversionRow | undefined = await store.get(id);
  if (row === undefined || row.removedAt !== undefined || row.state === 'cancelled') {
    await uploaded.remove(id, row);
  }
  ownUpload(row, owner);
  throw locked();
}
