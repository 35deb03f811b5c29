import { maxPageItems } from '../../../shared/api.ts';
import { AppError, isAppError } from '../../../shared/errors.ts';
import type { BlobStore } from '../../ports/blob-store.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ConversionRow, ConversionStore, ResumableUpload } from '../../ports/conversion-store.ts';
import type { ReportSkipped } from '../../ports/skipped-item.ts';
import type { LeaseParts } from '../lease.ts';
import { type Intake, newConversion } from '../new-conversion.ts';
import type { Publisher } from '../publisher.ts';
import { requireRoom } from '../require-room.ts';
import { afterTheEnd, ownUpload } from './own-upload.ts';
import { settleUpload } from './settle-upload.ts';
import type { UploadPiece } from './upload-piece.ts';
import { createUploadWriters } from './upload-writers.ts';
import { createUploadedBytes, type UploadRow } from './uploaded-bytes.ts';
import { writeUpload } from './write-upload.ts';

/** How long an upload waits for its next bytes. */
export const uploadKeptSeconds = 24 * 3600;

/** How many unfinished uploads one account may have. Clients send far fewer at once. Each costs a row and stored bytes. */
const maxUnfinished = maxPageItems;

export interface UploadIntake extends Intake {
  /** The length of the video, if known. */
  readonly videoBytes?: number;
  /** The client's own metadata, returned to it as given. */
  readonly metadata?: string;
}

/** The state of an upload. */
export interface UploadStatus {
  /** Also the conversion's id. */
  readonly id: string;
  /** How many bytes are durable, which is the offset of the next byte to send. */
  readonly offset: number;
  /** The length of the whole video; absent if the client has not given it yet. */
  readonly videoBytes?: number;
  readonly metadata?: string;
  /** When the upload is removed if no more bytes come; absent once it is complete. */
  readonly expiresAt?: Date;
}

/**
 * Uploads that can be continued after they were interrupted. Like conversions, an upload of another owner is `not_found`. One
 * that was cancelled or has expired is `gone` or `not_found`.
 */
export interface ResumableUploads {
  /**
   * Starts a conversion that waits for its video. If the owner has created an upload with the same key before, returns that one as
   * it is now, whatever else the intake says; throws `gone` if it was cancelled, removed or has expired. Throws `too_many` if the
   * owner has too many unfinished uploads, `disk_full` if there is no space for the video.
   */
  create(owner: string, intake: UploadIntake): Promise<UploadStatus>;

  status(owner: string, id: string): Promise<UploadStatus>;

  /**
   * Adds a piece, and queues the conversion once its video is complete. If the source is interrupted, the bytes that have arrived
   * are kept; with a checksum, either the whole piece is kept or none of it. Throws `wrong_state` at another offset, `locked`
   * while another request adds to the upload, `bad_request` if the length differs from the one given before, `too_large` and
   * `checksum_mismatch`. A piece that is refused changes neither the length nor the expiry of the upload. But `disk_full`, for the
   * rest of the video, ends the upload and removes its bytes.
   */
  append(owner: string, id: string, piece: UploadPiece, source: AsyncIterable<Uint8Array>): Promise<UploadStatus>;

  /** For the sweeper: queues the conversion if all bytes are stored but its writer died before it could record that. */
  settle(row: ConversionRow): Promise<void>;
}

export interface ResumableUploadsParts extends LeaseParts {
  readonly store: ConversionStore;
  readonly videos: BlobStore;
  readonly publisher: Publisher;
  readonly clock: Clock;
  readonly skipped: ReportSkipped;
}

export function createResumableUploads(parts: ResumableUploadsParts): ResumableUploads {
  const { rows, store, publisher, clock, events, log } = parts;
  const writers = createUploadWriters({ events, clock, isWritten: async (id) => isWritten(await store.get(id)) });
  const uploaded = createUploadedBytes(parts.videos, parts.skipped);
  const expiresAt = (): string => new Date(clock.now().getTime() + uploadKeptSeconds * 1000).toISOString();
  const settle = (row: UploadRow): Promise<UploadRow> => settleUpload(row, { rows, uploaded, publisher });

  /**
   * The status as of one moment. A row and its bytes are read one after the other. If another request began in between, its bytes
   * may be stored and not verified, and must not be acknowledged.
   */
  async function statusOf(row: UploadRow): Promise<UploadStatus> {
    const { id, owner, revision, state, upload, sourceBytes } = row;
    const { metadata } = upload;
    const told = { id, ...(metadata === undefined ? {} : { metadata }) };
    if (state !== 'uploading') return { ...told, offset: sourceBytes, videoBytes: sourceBytes };
    const { end } = await uploaded.stored(id, upload.unverifiedFrom);
    const now = ownUpload(await store.get(id), owner);
    if (now.revision !== revision) return await statusOf(now);
    return {
      ...told,
      offset: end,
      ...(upload.bytes === undefined ? {} : { videoBytes: upload.bytes }),
      expiresAt: new Date(upload.expiresAt),
    };
  }

  /** The current state of the upload, queued if it is complete. */
  async function current(owner: string, id: string): Promise<UploadRow> {
    return await settle(ownUpload(await store.get(id), owner));
  }

  /** The upload that was created with this key before. Throws `gone` if it no longer exists. */
  async function createdBefore(owner: string, uploadKey: string | undefined): Promise<UploadRow | undefined> {
    const row = uploadKey === undefined ? undefined : await store.getByUploadKey(owner, uploadKey);
    if (row === undefined) return undefined;
    // A creation that arrives late must not bring a removed upload back.
    if (row.removedAt !== undefined) throw new AppError('gone', 'The upload with this key was removed.');
    return ownUpload(row, owner);
  }

  async function insertNew(owner: string, intake: UploadIntake): Promise<UploadRow> {
    await requireRoom(parts.videos, intake.videoBytes);
    const upload: ResumableUpload = {
      ...(intake.videoBytes === undefined ? {} : { bytes: intake.videoBytes }),
      ...(intake.metadata === undefined ? {} : { metadata: intake.metadata }),
      expiresAt: expiresAt(),
    };
    const row = { ...newConversion(owner, intake, { kind: 'blob' }, intake.videoBytes ?? 0, clock.now()), upload };
    if (!(await rows.insert(row, maxUnfinished))) {
      throw new AppError('too_many', 'Finish or cancel some of the uploads that are under way first.', {
        details: { limit: maxUnfinished, retryAfterSeconds: 60 },
      });
    }
    return row;
  }

  return {
    async create(owner, intake) {
      const { uploadKey } = intake;
      for (let tries = 1; ; tries += 1) {
        const earlier = await createdBefore(owner, uploadKey);
        if (earlier !== undefined) return await statusOf(await settle(earlier));
        try {
          return await statusOf(await settle(await insertNew(owner, intake)));
        } catch (error) {
          // Another request with the same key was faster.
          if (uploadKey === undefined || tries === 2 || !isAppError(error, 'taken')) throw error;
        }
      }
    },

    async status(owner, id) {
      return await statusOf(await current(owner, id));
    },

    async append(owner, id, piece, source) {
      const seen = await current(owner, id);
      if (seen.state !== 'uploading') return await statusOf(await afterTheEnd(seen, piece, source));
      return await writers.run({ id, owner, isWritten: isWritten(seen) }, async (writer) => {
        const write = { id, owner, piece, source, writer };
        return await statusOf(await writeUpload(write, { rows, store, uploaded, publisher, events, log, expiresAt }));
      });
    },

    async settle(row) {
      if (row.upload !== undefined) await settle({ ...row, upload: row.upload });
    },
  };
}

function isWritten(row: ConversionRow | undefined): boolean {
  return row?.state === 'uploading' && row.upload?.writer !== undefined;
}
