import { randomUUID } from 'node:crypto';
import path from 'node:path';
import type { Conversion } from '../../shared/api.ts';
import { AppError, isAppError, toKnownError } from '../../shared/errors.ts';
import type { ServerEvent } from '../../shared/events.ts';
import { type OutputOptions, outputFileName } from '../../shared/formats.ts';
import type { Backend } from './backend.ts';
import type { FoundSource } from './find-sources.ts';
import { followConversions } from './follow-conversions.ts';
import { createOverallMeter, type OverallProgress, sentShare } from './overall-progress.ts';
import { createResultSaver, type PlannedTarget } from './save-result.ts';

/** An MP3 lies where it should. Paths are absolute. */
export interface SavedEvent {
  readonly type: 'saved';
  /** The conversion's. */
  readonly id: string;
  readonly source: string;
  readonly target: string;
  readonly bytes: number;
}

/** A source will not become an MP3. */
export interface FailedEvent {
  readonly type: 'failed';
  /** Absolute path. */
  readonly source: string;
  /** One of ours, or one that the server gave and this version does not know. */
  readonly code: string;
  /** A sentence without a path. */
  readonly message: string;
}

/** What a run tells as it happens: what the backend says of its conversions, and what becomes of each source. */
export type RunEvent = ServerEvent | SavedEvent | FailedEvent;

export interface ConversionRun {
  readonly backend: Backend;
  readonly sources: readonly FoundSource[];
  readonly options: OutputOptions;
  /** Absolute path of the folder for the MP3s, made where it is missing; absent: each goes beside its source. */
  readonly outputFolder?: string;
  readonly overwrite: boolean;
  /** Whether the backend shall forget a conversion once it has ended here, with its MP3. */
  readonly forgetEnded: boolean;
  /** How many sources may be under way at the same time. */
  readonly atOnce: number;
  readonly onEvent: (event: RunEvent) => void;
  readonly onProgress: (progress: OverallProgress) => void;
  /** Called with what must not happen: it has failed that one source, and belongs before whoever can mend it. */
  readonly onDefect: (error: unknown) => void;
}

/** How many sources became MP3s, and how many did not; the rest was stopped before it had an end. */
export interface RunSummary {
  readonly saved: number;
  readonly failed: number;
}

/**
 * Converts all sources as one batch and saves each MP3 as soon as it is done. Never throws for a source: that is told by a
 * `failed` event. When `signal` fires, what is under way is cancelled and removed, there and here, and the promise resolves.
 */
export async function runConversions(run: ConversionRun, signal: AbortSignal): Promise<RunSummary> {
  const { backend, sources, options, onEvent, onProgress } = run;
  if (sources.length === 0) return { saved: 0, failed: 0 };
  const batch = { batchId: randomUUID(), batchSize: sources.length };
  const meter = createOverallMeter(
    sources.map(({ bytes }) => bytes),
    () => performance.now() / 1000,
  );
  const saver = createResultSaver({
    overwrite: run.overwrite,
    sources: new Set(sources.flatMap(({ identity }) => identity ?? [])),
  });
  /** By the conversion's id, which source it is of. */
  const indexes = new Map<string, number>();
  /** Of those that had to be sent, what that is of the whole way. */
  const sentShares = new Map<number, number>();
  let saved = 0;
  let failed = 0;

  function hear(event: ServerEvent): void {
    // The batch's end is told of by counting conversions that are there, and these have been forgotten.
    if (event.type === 'notification' && run.forgetEnded) return;
    if (event.type === 'conversion') meterLength(event.conversion);
    if (event.type === 'progress') {
      const index = indexes.get(event.id);
      const before = index === undefined ? 0 : (sentShares.get(index) ?? 0);
      if (index !== undefined) meter.progress(index, before + (1 - before) * event.progress, event.speed);
    }
    onEvent(event);
    onProgress(meter.read());
  }

  function meterLength({ id, durationSeconds, result }: Conversion): void {
    const index = indexes.get(id);
    const seconds = result?.durationSeconds ?? durationSeconds;
    if (index !== undefined && seconds !== undefined) meter.length(index, seconds);
  }

  using follower = followConversions(backend, batch.batchId, hear);

  async function convert(source: FoundSource, index: number, target: PlannedTarget): Promise<void> {
    let id: string | undefined;
    let isSaved = false;
    try {
      const onSent = (fraction: number): void => {
        sentShares.set(index, sentShare);
        meter.progress(index, sentShare * fraction, undefined);
        onProgress(meter.read());
      };
      const submitted = await backend.submit({ file: source, options, batch, onSent }, signal);
      id = submitted.id;
      indexes.set(id, index);
      meterLength(submitted);
      const ended = await follower.untilEnded(submitted, signal);
      meterLength(ended);
      requireDone(ended);
      const result = await backend.openResult(id, signal);
      const file = await saver.save(target, result, signal);
      isSaved = true;
      saved += 1;
      meter.end(index);
      onEvent({ type: 'saved', id, source: source.path, target: file, bytes: result.bytes });
    } catch (error) {
      fail(source, index, error);
    }
    if (id !== undefined) {
      indexes.delete(id);
      sentShares.delete(index);
      if (run.forgetEnded || (signal.aborted && !isSaved)) await forget(id);
    }
  }

  function fail(source: FoundSource, index: number, error: unknown): void {
    if (signal.aborted) return;
    const reason = isAppError(error) ? error : new AppError('internal', 'Something went wrong inside Soundlift.');
    if (reason.code === 'internal') run.onDefect(error);
    failed += 1;
    meter.drop(index);
    onEvent({ type: 'failed', source: source.path, code: reason.givenCode ?? reason.code, message: reason.message });
  }

  /** A conversion that is gone already, or cannot be reached to be forgotten, is nothing to tell a person. */
  async function forget(id: string): Promise<void> {
    await backend.remove(id).catch((error: unknown) => {
      if (!isAppError(error)) run.onDefect(error);
    });
  }

  const underWay = new Set<Promise<void>>();
  for (const [index, source] of sources.entries()) {
    if (signal.aborted) break;
    // One after the other, so that equal names are numbered in the sources' order.
    const target = await saver.plan(targetOf(source, run)).catch((error: unknown) => fail(source, index, error));
    if (target === undefined) continue;
    meter.begin(index);
    const one = convert(source, index, target).finally(() => {
      underWay.delete(one);
      onProgress(meter.read());
    });
    underWay.add(one);
    if (underWay.size >= run.atOnce) await Promise.race(underWay);
  }
  await Promise.all(underWay);
  return { saved, failed };
}

function targetOf(source: FoundSource, { outputFolder, options }: ConversionRun) {
  return {
    folder: outputFolder === undefined ? path.dirname(source.path) : path.join(outputFolder, source.subfolder),
    createFolder: outputFolder !== undefined,
    fileName: outputFileName(source.fileName, options.format),
  };
}

function requireDone({ state, error }: Conversion): void {
  if (state === 'done') return;
  if (state === 'cancelled') throw new AppError('cancelled', 'The conversion was cancelled.');
  if (error === undefined) throw new AppError('converter_failed', 'The conversion failed.');
  throw toKnownError(error);
}
