import { v7 as newId } from 'uuid';
import { AppError, isAppError } from '../../../shared/errors.ts';
import type { ConversionRow, ConversionStore, ResumableUpload } from '../../ports/conversion-store.ts';
import { holdLease, type Lease, type LeaseParts } from '../lease.ts';
import type { Transition } from '../life-cycle.ts';
import { afterTheEnd, ownUpload } from './own-upload.ts';
import { type SettleUploadParts, settleUpload } from './settle-upload.ts';
import { checkPiece, mismatch, tooLarge, type UploadPiece } from './upload-piece.ts';
import { locked, type UploadWriter } from './upload-writers.ts';
import type { UploadRow } from './uploaded-bytes.ts';

export interface WriteUploadParts extends LeaseParts, SettleUploadParts {
  readonly store: ConversionStore;
  /** When an upload is removed if no more bytes come from now on; ISO 8601. */
  readonly expiresAt: () => string;
}

/** One request that adds a piece to an upload, from its claim on the row to the end of its write. */
export interface WriteUpload {
  readonly seen: UploadRow;
  readonly piece: UploadPiece;
  readonly source: AsyncIterable<Uint8Array>;
  readonly writer: UploadWriter;
}

/** A request whose claim is written in the row. */
interface Writing extends WriteUpload {
  /** The row after the claim. Its revision is the fence of everything that this request writes. */
  readonly row: UploadRow;
  readonly lease: Lease;
}

/** Adds the piece, and queues the conversion once its video is complete. Throws as `ResumableUploads.append` does. */
export async function writeUpload(request: WriteUpload, parts: WriteUploadParts): Promise<UploadRow> {
  const { seen, piece, source } = request;
  const name = newId();
  const { row, before } = await claim(seen, piece, name, parts);
  if (row.state !== 'uploading') return await afterTheEnd(row, piece, source);
  const { id, owner, revision, attempt } = row;
  await using lease = holdLease({ id, owner, revision, state: 'uploading', attempt, writer: name }, parts);
  const writing = { ...request, row, lease };
  try {
    // Checked again: another writer may have started and ended since the first check.
    const { end, unverified } = await parts.uploaded.stored(id, before.unverifiedFrom);
    checkPiece(before, end, piece);
    // An earlier writer died before its bytes were verified.
    if (unverified) await parts.uploaded.cutBack(row, end);
  } catch (error) {
    await letGo(writing, parts, before.unverifiedFrom);
    throw error;
  }
  let end: number;
  try {
    end = await addPiece(writing, parts);
  } catch (error) {
    await (isAppError(error, 'disk_full') ? giveUp(writing, parts) : endInVain(writing, parts));
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

/** Writes the claim of one writer into the row. `before` is the row's upload before the claim. */
async function claim(
  { id, owner }: UploadRow,
  piece: UploadPiece,
  writer: string,
  { rows, expiresAt }: WriteUploadParts,
): Promise<{ readonly row: UploadRow; readonly before: ResumableUpload }> {
  let before: ResumableUpload | undefined;
  const decided = await rows.decide(id, (now) => {
    const { state, upload } = ownUpload(now, owner);
    if (state !== 'uploading') return undefined;
    if (upload.writer !== undefined) throw locked();
    before = upload;
    const bytes = upload.bytes ?? piece.videoBytes;
    return { type: 'write_begun', writer, expiresAt: expiresAt(), ...(bytes === undefined ? {} : { bytes }) };
  });
  const row = ownUpload(decided.row, owner);
  return { row, before: before ?? row.upload };
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
  const queued = await lease.end({ type: 'uploaded', sourceBytes: end });
  if (queued === undefined) return await lost(row, parts);
  await parts.publisher.queued(queued);
  return ownUpload(queued, row.owner);
}

/** Ends the write of an upload that is not complete, wherever its bytes end. */
async function letGo(writing: Writing, parts: WriteUploadParts, unverifiedFrom?: number): Promise<UploadRow> {
  const { end } = await parts.uploaded.stored(writing.row.id, unverifiedFrom);
  return await endWrite(writing, end, parts, unverifiedFrom);
}

/** Ends the write of an upload whose bytes end at `end`. */
async function endWrite(
  { row, lease }: Writing,
  end: number,
  parts: WriteUploadParts,
  unverifiedFrom?: number,
): Promise<UploadRow> {
  const change: Transition = {
    type: 'write_ended',
    progress: row.upload.bytes ? Math.min(1, end / row.upload.bytes) : 0,
    expiresAt: parts.expiresAt(),
    ...(unverifiedFrom === undefined ? {} : { unverifiedFrom }),
  };
  const next = await lease.end(change);
  return next === undefined ? await lost(row, parts) : ownUpload(next, row.owner);
}

/** After a piece that was interrupted or wrong: keeps the bytes that count and ends the write. Throws if the lease is lost. */
async function endInVain(writing: Writing, parts: WriteUploadParts): Promise<void> {
  const { row, piece, lease } = writing;
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
  const kept = await letGo(writing, parts, unverifiedFrom);
  await settleUpload(kept, parts).catch((error: unknown) => {
    log.warn({ err: error, conversion: row.id }, 'could not queue an upload yet; its next request will');
  });
}

/**
 * Ends an upload for which there is no space. Its bytes would keep the disk full until it expires. They go before the row, which may
 * need the space.
 */
async function giveUp({ row, lease }: Writing, { uploaded, publisher, log }: WriteUploadParts): Promise<void> {
  try {
    await uploaded.remove(row.id, row);
    const abandoned = await lease.end({ type: 'abandoned' });
    if (abandoned !== undefined) await publisher.ended(abandoned);
  } catch (error) {
    log.warn({ err: error, conversion: row.id }, 'could not remove an upload that has no space yet; the sweeper will');
  }
}

/** Throws the reason to a writer whose lease is lost. Removes the bytes that it wrote after a cancel. */
async function lost({ id, owner }: UploadRow, { store, uploaded }: WriteUploadParts): Promise<never> {
  const row: ConversionRow | undefined = await store.get(id);
  if (row === undefined || row.removedAt !== undefined || row.state === 'cancelled') await uploaded.remove(id, row);
  ownUpload(row, owner);
  throw locked();
}
