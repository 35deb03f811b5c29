import type { Track, Warning } from '../../shared/api.ts';
import { conversionErrorSchema } from '../../shared/api.ts';
import type { AppError } from '../../shared/errors.ts';
import type { BlobStore } from '../ports/blob-store.ts';
import type { Clock } from '../ports/clock.ts';
import type { ConversionRow, ConversionStore, StoredResult } from '../ports/conversion-store.ts';
import { blobFence, videoBlobId } from './blob-names.ts';
import { holdLease, type Lease, type LeaseParts } from './lease.ts';
import type { Publisher } from './publisher.ts';

/** How far a conversion is, as its converter tells it. */
export interface WorkProgress {
  /** Fraction 0–1. */
  readonly progress: number;
  readonly etaSeconds?: number;
  /** Seconds of sound a second. */
  readonly speed?: number;
}

/** A conversion in the hands of one converter. Once its lease is lost, nothing that it writes counts. */
export interface Work extends AsyncDisposable {
  readonly record: ConversionRow;
  /** Fires when it was cancelled, or another took it over. */
  readonly signal: AbortSignal;
  /** What the source holds. */
  noteSource(source: { readonly tracks: readonly Track[]; readonly durationSeconds?: number }): Promise<void>;
  /** Tells who listens. The caller keeps to 5 a second. */
  noteProgress(progress: WorkProgress): void;
  /** True when it is done by this; false when the lease was lost, and the MP3 must go. */
  finish(result: StoredResult, warnings: readonly Warning[]): Promise<boolean>;
  /** For good, with one of the codes a conversion may carry. False when the lease was lost. */
  fail(error: AppError): Promise<boolean>;
  /** Gives it back, to be taken again after `delaySeconds`; costs no attempt and keeps its turn. */
  release(delaySeconds: number): Promise<void>;
}

export type Taken =
  | { readonly kind: 'work'; readonly work: Work }
  /** None of the queued ones is due yet; `id` is the first that will be. */
  | { readonly kind: 'later'; readonly id: string; readonly delaySeconds: number }
  /** None is queued. */
  | { readonly kind: 'nothing' };

/** Conversions as converters reach them. */
export interface ConversionWork {
  /** Takes the queued conversion whose turn it is. */
  take(): Promise<Taken>;
}

export interface ConversionWorkParts extends LeaseParts {
  readonly store: ConversionStore;
  readonly videos: BlobStore;
  readonly publisher: Publisher;
  readonly clock: Clock;
}

export function createConversionWork(parts: ConversionWorkParts): ConversionWork {
  const { rows, store, clock } = parts;
  return {
    async take() {
      for (;;) {
        const next = await store.nextQueued(clock.now().toISOString());
        if (next === undefined) return { kind: 'nothing' };
        const delaySeconds = waitSeconds(next, clock);
        if (delaySeconds > 0) return { kind: 'later', id: next.id, delaySeconds };
        const taken = await rows.decideIfThere(next.id, (row) =>
          isSameTurn(row, next) ? { type: 'taken' } : undefined,
        );
        if (taken?.changed) return { kind: 'work', work: workOn(taken.record, parts) };
        // Another converter was faster, or its owner cancelled it.
      }
    },
  };
}

/** False once it was taken, cancelled, given back with a delay, or queued anew behind others. */
function isSameTurn(row: ConversionRow, seen: ConversionRow): boolean {
  return row.state === 'queued' && row.turn === seen.turn && row.notBefore === seen.notBefore;
}

function waitSeconds(record: ConversionRow, clock: Clock): number {
  if (record.notBefore === undefined) return 0;
  return Math.max(0, (Date.parse(record.notBefore) - clock.now().getTime()) / 1000);
}

function workOn(record: ConversionRow, parts: ConversionWorkParts): Work {
  const { events, publisher, videos, clock, log } = parts;
  const { id, owner, revision, attempt } = record;
  const lease: Lease = holdLease({ id, owner, revision, state: 'converting', attempt }, parts);

  return {
    record,
    signal: lease.signal,

    async noteSource({ tracks, durationSeconds }) {
      await lease.write({ type: 'read', tracks, ...(durationSeconds === undefined ? {} : { durationSeconds }) });
    },

    noteProgress(progress) {
      if (lease.signal.aborted) return;
      lease.noteProgress(progress.progress);
      events.publish({ owner, event: { type: 'progress', id, revision: lease.revision(), ...progress } });
    },

    async finish(result, warnings) {
      const done = await lease.end({ type: 'finished', result, warnings });
      if (done === undefined) return false;
      await publisher.ended(done);
      if (done.source.kind === 'blob') {
        await videos.remove(videoBlobId(done), blobFence(done)).catch((error: unknown) => {
          log.warn({ err: error, conversion: id }, 'could not remove a video yet; the sweeper will');
        });
      }
      return true;
    },

    async fail(error) {
      const failed = await lease.end({ type: 'failed', error: toConversionError(error) });
      if (failed !== undefined) await publisher.ended(failed);
      return failed !== undefined;
    },

    async release(delaySeconds) {
      const notBefore = new Date(clock.now().getTime() + delaySeconds * 1000).toISOString();
      const released = await lease.end(delaySeconds > 0 ? { type: 'released', notBefore } : { type: 'released' });
      if (released !== undefined) await publisher.queued(released);
    },

    [Symbol.asyncDispose]: () => lease[Symbol.asyncDispose](),
  };
}

/** Anything but the codes that the outside knows is the converter's own failure. */
export function toConversionError(error: AppError): NonNullable<ConversionRow['error']> {
  const { code, message, details } = error;
  const parsed = conversionErrorSchema.safeParse({ code, message, ...(details === undefined ? {} : { details }) });
  if (parsed.success) return parsed.data;
  return { code: 'converter_failed', message: 'The conversion failed. Please try again.' };
}
