import type { Readable } from 'node:stream';
import type { Conversion, Page, Result } from '../../shared/api.ts';
import type { ByteRange } from '../../shared/byte-range.ts';
import { AppError } from '../../shared/errors.ts';
import type { OutputOptions } from '../../shared/formats.ts';
import { sayShared } from '../../shared/words/say.ts';
import type { BlobStore, LocalBlobFile } from '../ports/blob-store.ts';
import type { Clock } from '../ports/clock.ts';
import type { ConversionQuery, ConversionRow, ConversionStore } from '../ports/conversion-store.ts';
import type { ReportSkipped } from '../ports/skipped-item.ts';
import { mp3BlobId } from './blob-names.ts';
import { createConversionFiles } from './conversion-files.ts';
import { type ConversionRemoval, createConversionRemoval } from './conversion-removal.ts';
import type { Retention } from './conversion-view.ts';
import { createConversionViews } from './conversion-views.ts';
import type { LeaseParts } from './lease.ts';
import type { LiveProgress } from './live-progress.ts';
import { createOwnedRow } from './owned-row.ts';
import type { Publisher } from './publisher.ts';
import { createVideoIntake, type VideoIntake } from './video-intake.ts';

/**
 * Conversions as their owners use them. Every method that takes an id throws `not_found` if there is no such conversion, or if
 * another owner has it.
 */
export interface OwnedConversions extends VideoIntake, ConversionRemoval {
  /** With peaks. */
  get(owner: string, id: string): Promise<Conversion>;
  /** Newest first, without peaks. */
  page(query: ConversionQuery): Promise<Page<Conversion>>;
  /** Queues a failed or cancelled one again. Throws `wrong_state`, or `gone` when its video is no longer kept. */
  retry(owner: string, id: string, options?: OutputOptions): Promise<Conversion>;
  /** What is known of a finished MP3. Throws `wrong_state` before it is done. */
  result(owner: string, id: string): Promise<Result>;
  /** The finished MP3's bytes, or a range of them. Throws `wrong_state` before it is done. */
  openResult(owner: string, id: string, range?: ByteRange, signal?: AbortSignal): Promise<Readable>;
  /** The finished MP3 as a file on this computer. Throws `wrong_state` before it is done. Only for the private channel. */
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
  readonly skipped: ReportSkipped;
}

export function createOwnedConversions(parts: OwnedConversionsParts): OwnedConversions {
  const { rows, store, mp3s, publisher } = parts;
  const views = createConversionViews(parts);
  const ownedRow = createOwnedRow(store);
  const shared = { ...parts, views, ownedRow, files: createConversionFiles(parts) };

  async function finished(owner: string, id: string): Promise<ConversionRow & { readonly result: Result }> {
    const row = await ownedRow(owner, id);
    if (row.state !== 'done' || row.result === undefined) {
      throw new AppError('wrong_state', sayShared('failNotDone'));
    }
    return { ...row, result: row.result };
  }

  return {
    ...createVideoIntake(shared),
    ...createConversionRemoval(shared),

    async get(owner, id) {
      const row = await ownedRow(owner, id);
      const conversion = await views.one(row);
      return row.result === undefined ? conversion : { ...conversion, peaks: [...row.result.peaks] };
    },

    async page(query) {
      const { items, ...rest } = await store.page(query);
      return { ...rest, items: await views.all(items) };
    },

    async retry(owner, id, options) {
      await ownedRow(owner, id);
      const change = options === undefined ? { type: 'retried' as const } : { type: 'retried' as const, options };
      const { row } = await rows.decide(id, () => change);
      await publisher.queued(row);
      return await views.one(row);
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
