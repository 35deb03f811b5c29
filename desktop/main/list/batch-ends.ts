import { basename } from 'node:path';
import { isAppError } from '../../../shared/errors.ts';
import type { BatchEnd, FailedVideo, ListNews } from './conversion-list.ts';
import type { Entries } from './entries.ts';
import type { EntriesDatabase } from './entries-database.ts';
import { type Entry, isAtRest, type Step } from './entry.ts';

export interface BatchEndsParts {
  readonly entries: Pick<Entries, 'all' | 'get'>;
  readonly database: Pick<EntriesDatabase, 'reportedBatches' | 'markReported'>;
  readonly onNews: (news: ListNews) => void;
  readonly onSaved: (id: string) => void;
}

/** Reports each entry and each batch that has ended, once. */
export interface BatchEnds {
  /** Checks whether these entries have ended. */
  look(ids: readonly string[]): void;
  /** Reports the batches that had ended before the app did, but were not reported. */
  reportLeft(): void;
  /** To be called when an entry starts again, so that its next end is reported. */
  startAgain(id: string): void;
}

export function createBatchEnds({ entries, database, onNews, onSaved }: BatchEndsParts): BatchEnds {
  const reported = new Set(database.reportedBatches());
  const seen = new Set<string>();
  for (const entry of entries.all()) if (isAtRest(entry)) seen.add(entry.id);

  function endEntry(entry: Entry): void {
    const { id, step } = entry;
    seen.add(id);
    if (step.kind === 'failed') onNews({ kind: 'failed', ...failedVideo(entry, step) });
    if (step.kind === 'saved') onSaved(id);
  }

  function markReported(batchId: string): void {
    reported.add(batchId);
    try {
      database.markReported(batchId);
    } catch (error) {
      // It is reported again after the next start, which is better than never.
      if (!isAppError(error, 'disk_full')) throw error;
    }
  }

  function endBatches(batchIds: ReadonlySet<string>): void {
    const byBatch = Map.groupBy(entries.all(), ({ batchId }) => batchId);
    for (const batchId of batchIds) {
      const ofBatch = byBatch.get(batchId) ?? [];
      if (reported.has(batchId) || !ofBatch.every(isAtRest)) continue;
      const batch = batchEnd(batchId, ofBatch);
      if (batch.saved.length + batch.failed.length === 0) continue;
      markReported(batchId);
      onNews({ kind: 'batch_ended', batch });
    }
  }

  return {
    look(ids) {
      const ended = ids
        .flatMap((id) => entries.get(id) ?? [])
        .filter((entry) => isAtRest(entry) && !seen.has(entry.id));
      for (const entry of ended) endEntry(entry);
      if (ended.length > 0) endBatches(new Set(ended.map(({ batchId }) => batchId)));
    },
    reportLeft: () => endBatches(new Set([...entries.all()].map(({ batchId }) => batchId))),
    startAgain: (id) => void seen.delete(id),
  };
}

function batchEnd(batchId: string, entries: readonly Entry[]): BatchEnd {
  const saved: BatchEnd['saved'][number][] = [];
  const failed: BatchEnd['failed'][number][] = [];
  for (const entry of entries) {
    const { id, step, warnings } = entry;
    if (step.kind === 'saved') {
      const { durationSeconds: seconds, bytes } = step.result;
      saved.push({ id, name: basename(step.file), seconds, bytes, file: step.file, warned: warnings.length > 0 });
    } else if (step.kind === 'failed') failed.push(failedVideo(entry, step));
  }
  return { batchId, saved, failed };
}

function failedVideo(
  { id, source, tracks }: Entry,
  { code, message }: Step & { readonly kind: 'failed' },
): FailedVideo {
  return {
    id,
    name: source.fileName,
    code,
    ...(code === 'unknown' ? { message } : {}),
    ...(tracks === undefined ? {} : { tracks: tracks.length }),
  };
}
