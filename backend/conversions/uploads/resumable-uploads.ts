import { v7 as newId } from 'uuid';
import { maxPageItems } from '../../../shared/api.ts';
import { AppError, isAppError } from '../../../shared/errors.ts';
import type { BlobStore } from '../../ports/blob-store.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ConversionRow, ConversionStore, ResumableUpload } from '../../ports/conversion-store.ts';
import { videoBlobId } from '../blob-names.ts';
import { holdLease, type Lease, type LeaseParts } from '../lease.ts';
import type { Transition } from '../life-cycle.ts';
import { type Intake, newConversion } from '../new-conversion.ts';
import type { Publisher } from '../publisher.ts';
import { notFound } from '../rows.ts';
import { checkPart, mismatch, tooLarge, type UploadPart } from './upload-part.ts';
import { createUploadWriters, locked, type UploadWriter } from './upload-writers.ts';

/** How long an upload waits for its next bytes. */
export const uploadKeptSeconds = 24 * 3600;

/** How many of one account may be under way. Far more than a client sends at once; each costs a row, and bytes that lie about. */
const maxUnfinished = maxPageItems;

export interface UploadIntake extends Intake {
  /** How long the video is, where that is known. */
  readonly bytes?: number;
  /** The client's own words about it, to be told back. */
  readonly metadata?: string;
}

/** Where an upload stands. */
export interface UploadStatus {
  /** The conversion's id too. */
  readonly id: string;
  /** So many bytes are durable: the next one to be sent. */
  readonly offset: number;
  /** How many it will be; absent while nobody has said. */
  readonly bytes?: number;
  readonly metadata?: string;
  /** When it goes, if nothing more comes; absent once all is there. */
  readonly expiresAt?: Date;
}

/**
 * Uploads that go on after they were cut off. As with conversions, another's is `not_found`; one that was cancelled, or has
 * expired, is `gone` or `not_found`.
 */
export interface ResumableUploads {
  /** A conversion that waits for its video. Throws `too_many` when its owner has begun too many. */
  create(owner: string, intake: UploadIntake): Promise<UploadStatus>;

  status(owner: string, id: string): Promise<UploadStatus>;

  /**
   * Adds a part, and queues the conversion once its video is whole. Whatever has arrived when the source breaks off is kept, other
   * than with a checksum: then all of it counts or nothing. Throws `wrong_state` at another offset, `locked` while another
   * request adds to it, `bad_request` for another length than was said before, `too_large` and `checksum_mismatch`.
   */
  append(owner: string, id: string, part: UploadPart, source: AsyncIterable<Uint8Array>): Promise<UploadStatus>;

  /** For the sweeper: queues the conversion where all bytes are there and nobody could say so any more. */
  settle(record: ConversionRow): Promise<void>;
}

export interface ResumableUploadsParts extends LeaseParts {
  readonly store: ConversionStore;
  readonly videos: BlobStore;
  readonly publisher: Publisher;
  readonly clock: Clock;
}

type UploadRecord = ConversionRow & { readonly upload: ResumableUpload };

export function createResumableUploads(parts: ResumableUploadsParts): ResumableUploads {
  const { rows, store, videos, publisher, events, clock, log } = parts;
  const writers = createUploadWriters({ events, clock, isWritten: async (id) => isWritten(await store.get(id)) });

  const expiresAt = (): string => new Date(clock.now().getTime() + uploadKeptSeconds * 1000).toISOString();

  async function owned(owner: string, id: string): Promise<UploadRecord> {
    return ownUpload(await store.get(id), owner);
  }

  /** How much of an upload that is under way counts. */
  async function durableBytes({ id, upload }: UploadRecord): Promise<number> {
    const bytes = (await videos.stat(videoBlobId({ id })))?.bytes ?? 0;
    return Math.min(bytes, upload.unverifiedFrom ?? bytes);
  }

  async function statusOf(record: UploadRecord): Promise<UploadStatus> {
    const { id, state, upload, sourceBytes } = record;
    const { metadata } = upload;
    const told = { id, ...(metadata === undefined ? {} : { metadata }) };
    if (state !== 'uploading') return { ...told, offset: sourceBytes, bytes: sourceBytes };
    return {
      ...told,
      offset: await durableBytes(record),
      ...(upload.bytes === undefined ? {} : { bytes: upload.bytes }),
      expiresAt: new Date(upload.expiresAt),
    };
  }

  /** Makes the blob whole. One of no bytes was never begun. */
  async function finishBlob(record: UploadRecord): Promise<void> {
    const { id, owner, fileName } = record;
    if ((await videos.stat(videoBlobId(record))) === undefined) {
      await videos.append(videoBlobId(record), 0, nothing(), { conversionId: id, owner, fileName });
    }
    await videos.finish(videoBlobId(record));
  }

  /** Queues it where all is there: its last writer may have died between the bytes and the row. */
  async function settled(record: UploadRecord): Promise<UploadRecord> {
    const { state, upload } = record;
    if (state !== 'uploading' || upload.writer !== undefined || upload.unverifiedFrom !== undefined) return record;
    if (upload.bytes === undefined || (await durableBytes(record)) !== upload.bytes) return record;
    const { bytes } = upload;
    await finishBlob(record);
    const decided = await rows.decide(record.id, (row) =>
      row.state === 'uploading' && row.upload?.writer === undefined
        ? { type: 'uploaded', sourceBytes: bytes }
        : undefined,
    );
    if (decided.changed) await publisher.queued(decided.record);
    return ownUpload(decided.record, record.owner);
  }

  /** Writes the claim of one writer into the row. `before` is what it said of the upload until then. */
  async function claim(
    { id, owner }: UploadRecord,
    part: UploadPart,
    writer: string,
  ): Promise<{ readonly record: UploadRecord; readonly before: ResumableUpload }> {
    let before: ResumableUpload | undefined;
    const decided = await rows.decide(id, (row) => {
      const { state, upload } = ownUpload(row, owner);
      if (state !== 'uploading') return undefined;
      if (upload.writer !== undefined) throw locked();
      before = upload;
      const bytes = upload.bytes ?? part.bytes;
      return { type: 'write_begun', writer, expiresAt: expiresAt(), ...(bytes === undefined ? {} : { bytes }) };
    });
    const record = ownUpload(decided.record, owner);
    return { record, before: before ?? record.upload };
  }

  /** Lets go of an upload that is not whole. */
  async function letGo(lease: Lease, record: UploadRecord, unverifiedFrom?: number): Promise<UploadRecord> {
    const { upload } = record;
    const offset = Math.min((await videos.stat(videoBlobId(record)))?.bytes ?? 0, unverifiedFrom ?? Number.MAX_VALUE);
    const change: Transition = {
      type: 'write_ended',
      progress: upload.bytes ? Math.min(1, offset / upload.bytes) : 0,
      expiresAt: expiresAt(),
      ...(unverifiedFrom === undefined ? {} : { unverifiedFrom }),
    };
    const next = await lease.end(change);
    if (next !== undefined) return ownUpload(next, record.owner);
    return await lost(record);
  }

  /** What to say to a writer whose lease is lost. Bytes that it wrote after a cancel are nobody's. */
  async function lost(record: UploadRecord): Promise<never> {
    const row = await store.get(record.id);
    if (row === undefined || row.removedAt !== undefined || row.state === 'cancelled') {
      await videos.remove(videoBlobId(record));
    }
    ownUpload(row, record.owner);
    throw locked();
  }

  /** Adds the part's bytes to the blob. Resolves with where they end. */
  async function write(
    record: UploadRecord,
    part: UploadPart,
    source: AsyncIterable<Uint8Array>,
    lease: Lease,
    writer: UploadWriter,
  ): Promise<number> {
    const { id, owner, fileName, upload } = record;
    const { offset, checksum } = part;
    const limit = upload.bytes ?? part.maxBytes;
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
      // All is there, and only its length was not known, or an answer was lost.
      await drain(counted());
      return offset;
    }
    if (checksum !== undefined) await lease.write({ type: 'doubted', unverifiedFrom: offset });
    const stop = AbortSignal.any([lease.signal, writer.signal]);
    const end = await videos.append(
      videoBlobId(record),
      offset,
      counted(),
      { conversionId: id, owner, fileName },
      stop,
    );
    if (checksum !== undefined && !checksum.matches()) throw mismatch();
    return end;
  }

  async function appendAs(
    seen: UploadRecord,
    part: UploadPart,
    source: AsyncIterable<Uint8Array>,
    writer: UploadWriter,
  ): Promise<UploadRecord> {
    const name = newId();
    const { record, before } = await claim(seen, part, name);
    if (record.state !== 'uploading') return await afterTheEnd(record, part, source);
    const { id, owner, revision, attempt } = record;
    await using lease = holdLease({ id, owner, revision, state: 'uploading', attempt, writer: name }, parts);
    try {
      // Once more: another writer may have come and gone since it was looked at.
      checkPart(before, await durableBytes({ ...record, upload: before }), part);
      // A writer before this one died without knowing whether its bytes are right.
      if (before.unverifiedFrom !== undefined) await cutBack(record, before.unverifiedFrom);
    } catch (error) {
      await letGo(lease, record, before.unverifiedFrom);
      throw error;
    }
    let end: number;
    try {
      end = await write(record, part, source, lease, writer);
    } catch (error) {
      await endInVain(lease, record, part);
      throw error;
    }
    if (end !== record.upload.bytes) return await letGo(lease, record);
    await finishBlob(record);
    const queued = await lease.end({ type: 'uploaded', sourceBytes: end });
    if (queued === undefined) return await lost(record);
    await publisher.queued(queued);
    return ownUpload(queued, owner);
  }

  /** After a part that broke off, or was wrong: keeps what counts of it, and lets go. Throws where it is not ours any more. */
  async function endInVain(lease: Lease, record: UploadRecord, part: UploadPart): Promise<void> {
    let unverifiedFrom = part.checksum === undefined ? undefined : part.offset;
    if (unverifiedFrom !== undefined) {
      // Whoever took over may have written more since: that is not for us to cut.
      if ((await lease.write({ type: 'doubted', unverifiedFrom })) === undefined) await lost(record);
      try {
        await cutBack(record, unverifiedFrom);
        unverifiedFrom = undefined;
      } catch (error) {
        log.warn({ err: error, conversion: record.id }, 'could not take unverified bytes back; the next writer will');
      }
    }
    const kept = await letGo(lease, record, unverifiedFrom);
    await settled(kept).catch((error: unknown) => {
      log.warn({ err: error, conversion: record.id }, 'could not queue an upload yet; who asks for it will');
    });
  }

  async function cutBack(record: UploadRecord, bytes: number): Promise<void> {
    try {
      await videos.truncate(videoBlobId(record), bytes);
    } catch (error) {
      // Not one of its bytes has arrived.
      if (!isAppError(error, 'not_found')) throw error;
    }
  }

  return {
    async create(owner, intake) {
      const { bytes, metadata } = intake;
      const { items } = await store.page({ owner, state: 'uploading', limit: maxUnfinished });
      if (items.length >= maxUnfinished) {
        throw new AppError('too_many', 'Finish or cancel some of the uploads that are under way first.', {
          details: { limit: maxUnfinished, retryAfterSeconds: 60 },
        });
      }
      const upload: ResumableUpload = {
        ...(bytes === undefined ? {} : { bytes }),
        ...(metadata === undefined ? {} : { metadata }),
        expiresAt: expiresAt(),
      };
      const record = { ...newConversion(owner, intake, { kind: 'blob' }, bytes ?? 0, clock.now()), upload };
      await rows.insert(record);
      return await statusOf(await settled(record));
    },

    async status(owner, id) {
      return await statusOf(await settled(await owned(owner, id)));
    },

    async append(owner, id, part, source) {
      const seen = await settled(await owned(owner, id));
      if (seen.state !== 'uploading') return await statusOf(await afterTheEnd(seen, part, source));
      // Before it costs anything; a busy writer has moved the end by the time that it lets go.
      if (seen.upload.writer === undefined) checkPart(seen.upload, await durableBytes(seen), part);
      return await writers.run({ id, owner, isWritten: isWritten(seen) }, async (writer) => {
        return await statusOf(await appendAs(seen, part, source, writer));
      });
    },

    async settle(record) {
      if (record.upload !== undefined) await settled({ ...record, upload: record.upload });
    },
  };
}

/** The row of an upload that its owner may go on with, or has ended. */
function ownUpload(record: ConversionRow | undefined, owner: string): UploadRecord {
  if (record === undefined || record.owner !== owner || record.removedAt !== undefined) throw notFound();
  const { upload } = record;
  if (upload === undefined) throw notFound();
  if (record.state === 'cancelled' && record.sourceGone) {
    throw new AppError('gone', 'The conversion was cancelled, and its upload with it.');
  }
  return { ...record, upload };
}

function isWritten(record: ConversionRow | undefined): boolean {
  return record?.state === 'uploading' && record.upload?.writer !== undefined;
}

/** A part that comes when all is there: the answer to the last one may have been lost. */
async function afterTheEnd(
  record: UploadRecord,
  part: UploadPart,
  source: AsyncIterable<Uint8Array>,
): Promise<UploadRecord> {
  const { sourceBytes } = record;
  checkPart({ ...record.upload, bytes: sourceBytes }, sourceBytes, part);
  for await (const chunk of source) {
    if (chunk.byteLength > 0) throw tooLarge(sourceBytes);
  }
  return record;
}

async function drain(source: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _chunk of source);
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
