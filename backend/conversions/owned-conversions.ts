import type { Readable } from 'node:stream';
import { type Conversion, hasEnded, type Page, type Result } from '../../shared/api.ts';
import type { ByteRange } from '../../shared/byte-range.ts';
import { AppError, isAppError } from '../../shared/errors.ts';
import type { OutputOptions } from '../../shared/formats.ts';
import type { BlobStore, LocalBlobFile } from '../ports/blob-store.ts';
import type { Clock } from '../ports/clock.ts';
import type { ConversionQuery, ConversionRow, ConversionStore } from '../ports/conversion-store.ts';
import { blobFence, mp3BlobId, videoBlobId } from './blob-names.ts';
import { type Retention, toConversion } from './conversion-view.ts';
import { holdLease, type LeaseParts } from './lease.ts';
import type { LiveProgress } from './live-progress.ts';
import { type Intake, newConversion } from './new-conversion.ts';
import type { Publisher } from './publisher.ts';
import { queuePositions } from './queue-positions.ts';
import { notFound } from './rows.ts';

/** A video that lies on this computer. */
export interface LocalIntake extends Intake {
  /** Absolute path. */
  readonly path: string;
  readonly bytes: number;
}

/** An upload whose bytes are durable and which nobody has acknowledged yet. One of its methods must be called. */
export interface Upload {
  readonly bytes: number;
  /** Queues the conversion; once this resolves it is never lost. Throws `cancelled` when its owner was faster. */
  accept(): Promise<Conversion>;
  /** Leaves nothing behind. */
  abandon(): Promise<void>;
}

/**
 * Conversions as their owners reach them. This is the one place where a conversion is checked against its owner: every method
 * throws `not_found` for what is another's, as for what never was.
 */
export interface OwnedConversions {
  /** Stores a video's bytes. When it throws, nothing is left of it; when `signal` fires, it throws the signal's reason. */
  receive(owner: string, intake: Intake, source: AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<Upload>;
  /** Takes a file of this computer in place; with an id that is there already, gives that conversion. For the private channel alone. */
  submitFile(owner: string, intake: LocalIntake): Promise<Conversion>;
  /** With peaks. */
  get(owner: string, id: string): Promise<Conversion>;
  /** Newest first, without peaks. */
  page(query: ConversionQuery): Promise<Page<Conversion>>;
  /** Throws `wrong_state` once it has ended. */
  cancel(owner: string, id: string): Promise<Conversion>;
  /** Queues a failed or cancelled one again. Throws `wrong_state`, or `gone` when its video is not kept any more. */
  retry(owner: string, id: string, options?: OutputOptions): Promise<Conversion>;
  /** Cancels it first where it has not ended. Its files go too. */
  remove(owner: string, id: string): Promise<void>;
  /** Removes all that have ended. */
  clear(owner: string): Promise<void>;
  /** What is known of a finished MP3. Throws `wrong_state` before it is done. */
  result(owner: string, id: string): Promise<Result>;
  /** The finished MP3's bytes, or some of them. */
  openResult(owner: string, id: string, range?: ByteRange, signal?: AbortSignal): Promise<Readable>;
  /** The finished MP3 as a file of this computer. For the private channel alone. */
  resultFile(owner: string, id: string): Promise<LocalBlobFile>;
}

export interface OwnedConversionsParts extends LeaseParts {
  readonly store: ConversionStore;
  readonly videos: BlobStore;
  readonly mp3s: BlobStore;
  readonly publisher: Publisher;
  readonly live: LiveProgress;
  readonly clock: Clock;
  readonly retention: Retention;
}

export function createOwnedConversions(parts: OwnedConversionsParts): OwnedConversions {
  const { rows, store, videos, mp3s, publisher, live, clock, retention, log } = parts;

  async function owned(owner: string, id: string): Promise<ConversionRow> {
    const record = await store.get(id);
    if (record === undefined || record.owner !== owner || record.removedAt !== undefined) throw notFound();
    return record;
  }

  async function view(record: ConversionRow): Promise<Conversion> {
    return viewAt(record, record.state === 'queued' ? await store.countQueuedBefore(record.id) : undefined);
  }

  function viewAt(record: ConversionRow, position: number | undefined): Conversion {
    const latest = record.state === 'converting' ? live.of(record.owner, record.id) : undefined;
    return toConversion(record, retention, {
      ...(position === undefined ? {} : { position }),
      ...(latest === undefined ? {} : { latest }),
    });
  }

  /** For a row that does not want them any more. What a crash here leaves in the blob stores, the sweeper removes. */
  async function removeBlobs(record: ConversionRow): Promise<void> {
    try {
      await videos.remove(videoBlobId(record), blobFence(record));
      await mp3s.remove(mp3BlobId(record), blobFence(record));
    } catch (error) {
      log.warn({ err: error, conversion: record.id }, 'could not remove the files of a conversion yet');
    }
  }

  async function cancelRow(id: string): Promise<ConversionRow> {
    const { record } = await rows.decide(id, () => ({ type: 'cancelled' }));
    await publisher.ended(record);
    return record;
  }

  /** False while it has not ended; true once it is gone, whoever removed it. */
  async function removeIfEnded(id: string): Promise<boolean> {
    const { record, changed } = await rows.decide(id, (row) =>
      hasEnded(row.state) && row.removedAt === undefined ? { type: 'removed' } : undefined,
    );
    if (changed) {
      await publisher.ended(record);
      await removeBlobs(record);
    }
    return record.removedAt !== undefined;
  }

  async function finished(owner: string, id: string): Promise<ConversionRow & { readonly result: Result }> {
    const record = await owned(owner, id);
    if (record.state !== 'done' || record.result === undefined) {
      throw new AppError('wrong_state', 'The conversion is not done.');
    }
    return { ...record, result: record.result };
  }

  return {
    async receive(owner, intake, source, signal) {
      const record = newConversion(owner, intake, { kind: 'blob' }, 0, clock.now());
      await rows.insert(record);
      const { id, revision, attempt } = record;
      const lease = holdLease({ id, owner, revision, state: 'uploading', attempt }, parts);
      const stop = signal === undefined ? lease.signal : AbortSignal.any([lease.signal, signal]);

      async function abandon(): Promise<void> {
        await lease.end({ type: 'abandoned' });
        await removeBlobs(record);
      }

      try {
        const label = { conversionId: record.id, owner, fileName: intake.fileName };
        await videos.append(videoBlobId(record), blobFence(record), 0, source, label, stop);
        const { bytes } = await videos.finish(videoBlobId(record), blobFence(record));
        return {
          bytes,
          abandon,
          async accept() {
            const queued = await lease.end({ type: 'uploaded', sourceBytes: bytes });
            if (queued === undefined) {
              await removeBlobs(record);
              throw new AppError('cancelled', 'The conversion was cancelled while its video was being sent.');
            }
            await publisher.queued(queued);
            return await view(queued);
          },
        };
      } catch (error) {
        await abandon().catch((cause: unknown) => {
          log.warn({ err: cause, conversion: record.id }, 'could not clean up after an upload; the sweeper will');
        });
        throw error;
      }
    },

    async submitFile(owner, { path, bytes, ...intake }) {
      const record = newConversion(owner, intake, { kind: 'file', path }, bytes, clock.now());
      try {
        await rows.insert(record);
      } catch (error) {
        if (intake.id === undefined || !isAppError(error, 'taken')) throw error;
        return await view(await owned(owner, intake.id));
      }
      await publisher.queued(record);
      return await view(record);
    },

    async get(owner, id) {
      const record = await owned(owner, id);
      const conversion = await view(record);
      return record.result === undefined ? conversion : { ...conversion, peaks: [...record.result.peaks] };
    },

    async page(query) {
      const { items, ...rest } = await store.page(query);
      const positions = await queuePositions(items, (id) => store.countQueuedBefore(id));
      return { ...rest, items: items.map((record) => viewAt(record, positions.get(record.id))) };
    },

    async cancel(owner, id) {
      await owned(owner, id);
      const record = await cancelRow(id);
      // Who receives a form sees to its bytes; a resumable upload may have nobody.
      if (record.upload !== undefined && record.sourceGone) await removeBlobs(record);
      return await view(record);
    },

    async retry(owner, id, options) {
      await owned(owner, id);
      const change = options === undefined ? { type: 'retried' as const } : { type: 'retried' as const, options };
      const { record } = await rows.decide(id, () => change);
      await publisher.queued(record);
      return await view(record);
    },

    async remove(owner, id) {
      await owned(owner, id);
      while (!(await removeIfEnded(id))) {
        await cancelRow(id).catch((error: unknown) => {
          // It ended by itself in between: the next round removes it.
          if (!isAppError(error, 'wrong_state')) throw error;
        });
      }
    },

    async clear(owner) {
      for (const state of ['done', 'failed', 'cancelled'] as const) {
        for (;;) {
          const { items } = await store.page({ owner, state, limit: 100 });
          if (items.length === 0) break;
          for (const { id } of items) await removeIfEnded(id);
        }
      }
    },

    async result(owner, id) {
      return (await finished(owner, id)).result;
    },

    async openResult(owner, id, range, signal) {
      return await mp3s.open(mp3BlobId(await finished(owner, id)), range, signal);
    },

    async resultFile(owner, id) {
      return await mp3s.localFile(mp3BlobId(await finished(owner, id)));
    },
  };
}
