import { randomUUID } from 'node:crypto';
import type { Track, Warning } from '../../shared/api.ts';
import { conversionErrorSchema } from '../../shared/api.ts';
import { type AppError, isAppError } from '../../shared/errors.ts';
import { failureSentence } from '../../shared/words/failure-sentence.ts';
import type { BlobStore } from '../ports/blob-store.ts';
import type { Clock } from '../ports/clock.ts';
import type { ConversionRow, ConversionStore, NextQueued, StoredResult } from '../ports/conversion-store.ts';
import type { ReportSkipped } from '../ports/skipped-item.ts';
import { videoBlobId } from './blob-names.ts';
import { holdLease, type Lease, type LeaseParts } from './lease.ts';
import type { Publisher } from './publisher.ts';
import type { Rows } from './rows.ts';
import { removeUnneeded } from './unneeded-blobs.ts';

/**
 * How long a conversion waits after ffmpeg has died over it, in seconds, for the first time and the second: what used up the memory
 * may be gone by then. The third time, it fails.
 */
const pausesAfterDeath = [5, 15];

/** No conversion is given back with a longer delay than this, in seconds. */
const longestDelaySeconds = 120;

/**
 * The times (ISO 8601) that tell whether a delayed row is due: now, and the latest that its `notBefore` can be. A later `notBefore`
 * was written before the clock was put back, so that row is due.
 */
function dueTimes(clock: Clock): readonly [now: string, horizon: string] {
  const now = clock.now();
  return [now.toISOString(), new Date(now.getTime() + longestDelaySeconds * 1000).toISOString()];
}

/** How long a delayed row still waits at `now` (ISO 8601), in seconds; 0 if it is due. The same rule as that of {@link dueTimes}. */
export function secondsUntilDue({ notBefore }: Pick<ConversionRow, 'notBefore'>, now: string): number {
  if (notBefore === undefined) return 0;
  const seconds = (Date.parse(notBefore) - Date.parse(now)) / 1000;
  return seconds > 0 && seconds <= longestDelaySeconds ? seconds : 0;
}

/** How far a conversion is, as reported by its converter. */
export interface WorkProgress {
  /** Fraction 0–1. */
  readonly progress: number;
  readonly etaSeconds?: number;
  /** Seconds of sound converted per second. */
  readonly speed?: number;
}

/** A conversion that one converter is working on. Once its lease is lost, nothing it writes has an effect. */
export interface Work extends AsyncDisposable {
  readonly row: ConversionRow;
  /** Fires when the conversion was cancelled or another process took it over. */
  readonly signal: AbortSignal;
  /** Records what the source contains. */
  noteSource(source: { readonly tracks: readonly Track[]; readonly durationSeconds?: number }): Promise<void>;
  /** Publishes progress to listeners. The caller must not call this more than 5 times a second. */
  noteProgress(progress: WorkProgress): void;
  /** Ends the conversion as done. Returns false if the lease was lost; the caller must then remove the MP3. */
  finish(result: StoredResult, warnings: readonly Warning[]): Promise<boolean>;
  /** Ends the conversion as failed, with one of the codes that a conversion may have. Returns false if the lease was lost. */
  fail(error: AppError): Promise<boolean>;
  /**
   * Ends this attempt, because ffmpeg died over it (somebody or the system killed it, or it crashed). A new attempt follows after a
   * pause; the third time, the conversion fails with `error`. Returns what it is now; undefined if the lease was lost.
   */
  ffmpegDied(error: AppError): Promise<'queued' | 'failed' | undefined>;
  /**
   * Gives the conversion back, to be taken again after `delaySeconds`, at most 120, at one of its owner's next turns. This costs no
   * attempt.
   */
  release(delaySeconds: number): Promise<void>;
}

export type Taken =
  | { readonly kind: 'work'; readonly work: Work }
  /** No queued conversion is due yet; `id` is the first that will be. */
  | { readonly kind: 'later'; readonly id: string; readonly delaySeconds: number }
  /** No conversion is queued. */
  | { readonly kind: 'nothing' };

/** The operations that converters use on conversions. */
export interface ConversionWork {
  /**
   * Takes the queued conversion whose turn it is. While the store is unavailable, what its converter has done is written
   * again and again until `patience` fires; without it, each write is tried once.
   */
  take(patience?: AbortSignal): Promise<Taken>;
}

export interface ConversionWorkParts extends LeaseParts {
  readonly store: ConversionStore;
  readonly videos: BlobStore;
  readonly publisher: Publisher;
  readonly clock: Clock;
  readonly skipped: ReportSkipped;
}

export function createConversionWork(parts: ConversionWorkParts): ConversionWork {
  const { rows, store, clock } = parts;
  const converter = randomUUID();
  return {
    async take(patience) {
      for (;;) {
        const [now, horizon] = dueTimes(clock);
        const next = await store.nextQueued(now, horizon);
        if (next === undefined) return { kind: 'nothing' };
        const delaySeconds = secondsUntilDue(next.row, now);
        if (delaySeconds > 0) return { kind: 'later', id: next.row.id, delaySeconds };
        const row = await takeIfUnchanged(next, converter, rows);
        if (row !== undefined) return { kind: 'work', work: workOn(row, patience, parts) };
      }
    },
  };
}

/** Undefined if the row has changed since, or if its owner has had this turn: another converter was faster. */
async function takeIfUnchanged(
  { row, turn }: NextQueued,
  converter: string,
  rows: Rows,
): Promise<ConversionRow | undefined> {
  try {
    const taken = await rows.decideIfThere(row.id, ({ revision }) =>
      revision === row.revision ? { type: 'taken', turn, converter } : undefined,
    );
    return taken?.changed ? taken.row : undefined;
  } catch (error) {
    if (isAppError(error, 'taken')) return undefined;
    throw error;
  }
}

function workOn(row: ConversionRow, patience: AbortSignal | undefined, parts: ConversionWorkParts): Work {
  const { events, publisher, videos, clock, skipped } = parts;
  const { id, owner, revision, attempt, turn } = row;
  const lease: Lease = holdLease({ id, owner, revision, state: 'converting', attempt, turn }, parts);

  async function fail(error: AppError): Promise<boolean> {
    const failed = await lease.end({ type: 'failed', error: toConversionError(error) }, patience);
    if (failed !== undefined) await publisher.ended(failed);
    return failed !== undefined;
  }

  function timeAfter(seconds: number): string {
    return new Date(clock.now().getTime() + seconds * 1000).toISOString();
  }

  return {
    row,
    signal: lease.signal,

    async noteSource({ tracks, durationSeconds }) {
      const read = { type: 'read', tracks, ...(durationSeconds === undefined ? {} : { durationSeconds }) } as const;
      await lease.write(read, patience);
    },

    noteProgress(progress) {
      if (lease.signal.aborted) return;
      lease.noteProgress(progress.progress);
      events.publish({ owner, event: { type: 'progress', id, revision: lease.revision(), ...progress } });
    },

    async finish(result, warnings) {
      const done = await lease.end({ type: 'finished', result, warnings }, patience);
      if (done === undefined) return false;
      await publisher.ended(done);
      if (done.source.kind === 'blob') {
        await removeUnneeded(videos, videoBlobId(done), done, skipped);
      }
      return true;
    },

    fail,

    async ffmpegDied(error) {
      const pause = pausesAfterDeath[row.ffmpegDeaths ?? 0];
      if (pause === undefined) {
        if (!(await fail(error))) return undefined;
        publisher.poisoned(row, `ffmpeg died in each of ${pausesAfterDeath.length + 1} tries. ${error.message}`);
        return 'failed';
      }
      const queued = await lease.end({ type: 'ffmpeg_died', notBefore: timeAfter(pause) }, patience);
      if (queued === undefined) return undefined;
      await publisher.queued(queued);
      return 'queued';
    },

    async release(delaySeconds) {
      const notBefore = timeAfter(Math.min(delaySeconds, longestDelaySeconds));
      const change = delaySeconds > 0 ? ({ type: 'released', notBefore } as const) : ({ type: 'released' } as const);
      const released = await lease.end(change, patience);
      if (released !== undefined) await publisher.queued(released);
    },

    [Symbol.asyncDispose]: () => lease[Symbol.asyncDispose](),
  };
}

/** Any code that a conversion cannot have becomes a failure of the converter. */
export function toConversionError(error: AppError): NonNullable<ConversionRow['error']> {
  const { code, message, details } = error;
  const parsed = conversionErrorSchema.safeParse({ code, message, ...(details === undefined ? {} : { details }) });
  if (parsed.success) return parsed.data;
  return { code: 'converter_failed', message: failureSentence({ code: 'converter_failed' }) };
}
