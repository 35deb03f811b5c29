import type { Conversion } from '../../shared/api.ts';
import { AppError, isAppError } from '../../shared/errors.ts';
import type { BlobStore } from '../ports/blob-store.ts';
import type { Clock } from '../ports/clock.ts';
import type { FileStamp } from '../ports/conversion-store.ts';
import { blobFence, videoBlobId } from './blob-names.ts';
import type { ConversionFiles } from './conversion-files.ts';
import type { ConversionViews } from './conversion-views.ts';
import { leasePatience } from './kept-lease.ts';
import { holdLease, type LeaseParts } from './lease.ts';
import { type Intake, newConversion } from './new-conversion.ts';
import type { OwnedRow } from './owned-row.ts';
import type { Publisher } from './publisher.ts';
import { requireRoom } from './require-room.ts';

/** A video that is a file on this computer. */
export interface LocalIntake extends Intake {
  /** Absolute path. */
  readonly path: string;
  readonly bytes: number;
  /** If given, only this file is converted, and none that is put in its place later. */
  readonly stamp?: FileStamp;
}

/** A video that is sent in one request. */
export interface SentIntake extends Intake {
  /** How many bytes it has, or more; if absent, it is not known. */
  readonly expectedBytes?: number;
}

/** A video that was sent in one request. Its bytes are durable, but it is not acknowledged yet: the caller must call one of the methods. */
export interface ReceivedVideo {
  readonly bytes: number;
  /** Queues the conversion. Once this resolves, the conversion is never lost. Throws `cancelled` if the owner has cancelled it. */
  accept(): Promise<Conversion>;
  /** Removes the bytes and the row. Never throws: what is left behind, the sweeper removes. */
  abandon(): Promise<void>;
}

/** How a new conversion gets its video: uploaded in one request, or as a file on this computer. */
export interface VideoIntake {
  /** Throws `disk_full` if there is no space for a video of this many bytes, or of any size if none are given. */
  requireRoom(expectedBytes?: number): Promise<void>;
  /**
   * Stores a video's bytes. When this throws, the row and the bytes are removed. When `signal` fires, it throws the signal's reason.
   */
  receive(
    owner: string,
    intake: SentIntake,
    source: AsyncIterable<Uint8Array>,
    signal?: AbortSignal,
  ): Promise<ReceivedVideo>;
  /**
   * Queues a conversion of a file on this computer, without copying the file. Returns the existing conversion if the owner has one
   * with this id. Only for the private channel.
   */
  submitFile(owner: string, intake: LocalIntake): Promise<Conversion>;
}

export interface VideoIntakeParts extends LeaseParts {
  readonly videos: BlobStore;
  readonly files: ConversionFiles;
  readonly views: ConversionViews;
  readonly ownedRow: OwnedRow;
  readonly publisher: Publisher;
  readonly clock: Clock;
}

export function createVideoIntake(parts: VideoIntakeParts): VideoIntake {
  const { rows, videos, files, views, ownedRow, publisher, clock, log } = parts;

  return {
    requireRoom: (expectedBytes) => requireRoom(videos, expectedBytes),

    async receive(owner, { expectedBytes, ...intake }, source, signal) {
      const row = newConversion(owner, intake, { kind: 'blob' }, 0, clock.now());
      await rows.insert(row);
      const { id, revision, attempt } = row;
      const lease = holdLease({ id, owner, revision, state: 'uploading', attempt }, parts);
      const stop = signal === undefined ? lease.signal : AbortSignal.any([lease.signal, signal]);

      async function abandon(): Promise<void> {
        try {
          // The bytes first: on a full disk, they make the space for the row. Nobody was told yet that they are stored.
          await files.remove(row);
          await lease.end({ type: 'abandoned' });
        } catch (error) {
          log.warn({ err: error, conversion: id }, 'could not clean up after an upload; the sweeper will');
        }
      }

      try {
        const label = { conversionId: row.id, owner, fileName: intake.fileName };
        await videos.append(videoBlobId(row), blobFence(row), 0, source, label, { signal: stop, expectedBytes });
        const { bytes } = await videos.finish(videoBlobId(row), blobFence(row));
        return {
          bytes,
          abandon,
          async accept() {
            const change = { type: 'uploaded', sourceBytes: bytes } as const;
            const queued = await lease.end(change, leasePatience()).catch(async (error: unknown) => {
              if (isAppError(error, 'disk_full')) await abandon();
              throw error;
            });
            if (queued === undefined) {
              await files.remove(row);
              throw new AppError('cancelled', 'The conversion was cancelled while its video was being sent.');
            }
            await publisher.queued(queued);
            return await views.one(queued);
          },
        };
      } catch (error) {
        await abandon();
        throw error;
      }
    },

    async submitFile(owner, { path, bytes, stamp, ...intake }) {
      const source = { kind: 'file', path, ...(stamp === undefined ? {} : { stamp }) } as const;
      const row = newConversion(owner, intake, source, bytes, clock.now());
      try {
        await rows.insert(row);
      } catch (error) {
        if (intake.id === undefined || !isAppError(error, 'taken')) throw error;
        return await views.one(await ownedRow(owner, intake.id));
      }
      await publisher.queued(row);
      return await views.one(row);
    },
  };
}
