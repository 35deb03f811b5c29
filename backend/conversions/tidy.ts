import type { BlobStore } from '../ports/blob-store.ts';
import type { ConversionStore, ExpiryTimes, ScannedRow } from '../ports/conversion-store.ts';
import type { NotificationStore } from '../ports/notification-store.ts';
import type { SettledTime } from '../ports/settled-time.ts';
import type { ReportSkipped } from '../ports/skipped-item.ts';
import { parseMp3BlobId, videoBlobId, wantsMp3, wantsVideo } from './blob-names.ts';
import { createConversionFiles } from './conversion-files.ts';
import { expiry, type Retention } from './conversion-view.ts';
import type { Rows } from './rows.ts';
import { removeUnneeded } from './unneeded-blobs.ts';

/** How long the row of a removed conversion is kept, so that clients that were disconnected learn of the removal. */
const tombstoneSeconds = 7 * 24 * 3600;
/** How many notifications are removed in one call. A store does nothing else meanwhile. */
const notificationPortion = 200;
/** How many blobs are looked up in one query. */
const blobPortion = 200;

export interface TidyParts {
  readonly rows: Rows;
  readonly store: ConversionStore;
  readonly notifications: Pick<NotificationStore, 'removeBefore'>;
  readonly videos: BlobStore;
  readonly mp3s: BlobStore;
  readonly settled: SettledTime;
  readonly retention: Retention;
  readonly skipped: ReportSkipped;
}

/** Removes everything that has been expired for an hour, and blobs that no row needs. Stops early once `signal` fires. */
export type Tidy = (signal: AbortSignal) => Promise<void>;

export function createTidy(parts: TidyParts): Tidy {
  const { rows, store, notifications, videos, mp3s, settled, retention, skipped } = parts;
  const files = createConversionFiles(parts);

  function expiryTimes(now: Date): ExpiryTimes {
    const ago = (seconds: number): string => new Date(now.getTime() - seconds * 1000).toISOString();
    return {
      removed: ago(tombstoneSeconds),
      ended: ago(retention.resultSeconds),
      sources: ago(retention.sourceSeconds),
    };
  }

  async function expire(seen: ScannedRow, now: Date): Promise<void> {
    const age = (since: string | undefined): number =>
      since === undefined ? 0 : (now.getTime() - Date.parse(since)) / 1000;
    if (seen.removedAt !== undefined) {
      if (age(seen.removedAt) >= tombstoneSeconds) await store.forget(seen);
      return;
    }
    const due = expiry(seen, retention);
    const resultIsOver = age(seen.endedAt) >= retention.resultSeconds;
    const sourceIsOver = due !== undefined && due <= now && seen.state !== 'done';
    if (!resultIsOver && !sourceIsOver) return;
    const decided = await rows.decideIfThere(seen.id, (row) =>
      row.revision === seen.revision ? { type: resultIsOver ? 'removed' : 'source_gone' } : undefined,
    );
    if (!decided?.changed) return;
    const { row } = decided;
    // What cannot be removed is tried again with the other blobs that no row needs.
    if (row.removedAt !== undefined) await files.remove(row);
    else await removeUnneeded(videos, videoBlobId(row), row, skipped);
  }

  /** Reads the rows after it has listed the blobs: a blob is made after its row, so the row of a listed blob must be there. */
  async function removeUnwanted(
    blobs: BlobStore,
    signal: AbortSignal,
    rowIdOf: (blobId: string) => string | undefined,
    isWanted: (row: ScannedRow | undefined, blobId: string) => boolean,
  ): Promise<void> {
    for await (const portion of inPortions(blobs.list())) {
      const { rows: found, unreadable } = await store.scanIds(portion.flatMap(({ id }) => rowIdOf(id) ?? []));
      const byId = new Map(found.map((row) => [row.id, row]));
      for (const { id } of portion) {
        if (signal.aborted) return;
        const rowId = rowIdOf(id) ?? '';
        const row = byId.get(rowId);
        if (unreadable.includes(rowId) || isWanted(row, id)) continue;
        await removeUnneeded(blobs, id, row, skipped);
      }
    }
  }

  return async (signal) => {
    const now = settled.read();
    if (now !== undefined) {
      for await (const row of store.scanExpired(expiryTimes(now))) {
        if (signal.aborted) return;
        await expire(row, now).catch((cause: unknown) => {
          skipped({ kind: 'conversion', id: row.id, what: 'could not remove what has expired', cause });
        });
      }
      const { ended } = expiryTimes(now);
      while (!signal.aborted) {
        if ((await notifications.removeBefore(ended, notificationPortion)) < notificationPortion) break;
      }
    }
    await removeUnwanted(videos, signal, (id) => id, wantsVideo);
    await removeUnwanted(
      mp3s,
      signal,
      (id) => parseMp3BlobId(id)?.id,
      (row, id) => wantsMp3(row, parseMp3BlobId(id)?.attempt ?? 0),
    );
  };
}

type Named = { readonly id: string };

async function* inPortions(blobs: AsyncIterable<Named>): AsyncGenerator<readonly Named[]> {
  let portion: Named[] = [];
  for await (const blob of blobs) {
    portion.push(blob);
    if (portion.length < blobPortion) continue;
    yield portion;
    portion = [];
  }
  yield portion;
}
