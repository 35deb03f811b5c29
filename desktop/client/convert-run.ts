import { randomUUID } from 'node:crypto';
import path from 'node:path';
import type { Conversion } from '../../shared/api.ts';
import { AppError, isAppError, toKnownError } from '../../shared/errors.ts';
import type { ServerEvent } from '../../shared/events.ts';
import { type OutputOptions, outputFileName } from '../../shared/formats.ts';
import { failure } from '../../shared/words/failure-sentence.ts';
import { sayShared } from '../../shared/words/say.ts';
import type { Backend } from './backend.ts';
import type { FoundSource } from './find-sources.ts';
import { followConversions } from './follow-conversions.ts';
import { createOverallMeter, type OverallProgress, sentShare } from './overall-progress.ts';
import { createResultSaver, type PlannedTarget, type ResultTarget } from './save-result.ts';

/** An MP3 was saved. Paths are absolute. */
export interface SavedEvent {
  readonly type: 'saved';
  /** The id of the conversion. */
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
  /** An `ErrorCode`, or a code of a newer server that this version does not know. */
  readonly code: string;
  /** A sentence that does not contain the path. */
  readonly message: string;
}

/** What a run reports: the events of the backend, and the outcome of each source. */
export type RunEvent = ServerEvent | SavedEvent | FailedEvent;

export interface ConversionRun {
  readonly backend: Backend;
  readonly sources: readonly FoundSource[];
  readonly options: OutputOptions;
  /** Absolute path of the folder for the MP3s. It is created if missing. Without it, each MP3 is saved next to its source. */
  readonly outputFolder?: string;
  /** Absolute path of the MP3, if there is only one source. Its folder is created if missing. */
  readonly outputFile?: string;
  readonly overwrite: boolean;
  /** Whether a conversion and its MP3 are removed from the backend once this run is done with it. */
  readonly forgetEnded: boolean;
  /** How many sources may be in progress at once. */
  readonly atOnce: number;
  readonly onEvent: (event: RunEvent) => void;
  readonly onProgress: (progress: OverallProgress) => void;
  /** Called with an error that should not happen, so that it can be reported as a bug. It fails only its own source. */
  readonly onDefect: (error: unknown) => void;
}

/** How many sources were saved as MP3s and how many failed. The rest was stopped by the signal. */
export interface RunSummary {
  readonly saved: number;
  readonly failed: number;
}

/**
 * Converts all sources as one batch and saves each MP3 as soon as it is done. A source that fails does not throw; it is reported by
 * a `failed` event. When `signal` fires, the conversions in progress are removed, here and on the backend, and the promise resolves.
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
  /** The index of the source by the id of its conversion. */
  const indexes = new Map<string, number>();
  /** For each source that was uploaded, the share of its progress that uploading takes, 0–1. */
  const sentShares = new Map<number, number>();
  let saved = 0;
  let failed = 0;

  function hear(event: ServerEvent): void {
    // A notification counts the conversions that still exist, but this run has removed its own.
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
      const file = await namingFolder(target.folder, saver.save(target, result, signal));
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
    const reason = isAppError(error) ? error : failure('internal');
    if (reason.code === 'internal') run.onDefect(error);
    failed += 1;
    meter.drop(index);
    onEvent({ type: 'failed', source: source.path, code: reason.givenCode ?? reason.code, message: reason.message });
  }

  /** Does not fail if the conversion is gone already or the backend cannot be reached. */
  async function forget(id: string): Promise<void> {
    await backend.remove(id).catch((error: unknown) => {
      if (!isAppError(error)) run.onDefect(error);
    });
  }

  const underWay = new Set<Promise<void>>();
  for (const [index, source] of sources.entries()) {
    if (signal.aborted) break;
    // Planned one after the other, so that equal names are numbered in the order of the sources.
    const wanted = targetOf(source, run);
    const planned = namingFolder(wanted.folder, saver.plan(wanted));
    const target = await planned.catch((error: unknown) => fail(source, index, error));
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

function targetOf(source: FoundSource, { outputFolder, outputFile, options }: ConversionRun): ResultTarget {
  if (outputFile !== undefined) {
    return { folder: path.dirname(outputFile), createFolder: true, fileName: path.basename(outputFile) };
  }
  return {
    folder: outputFolder === undefined ? path.dirname(source.path) : path.join(outputFolder, source.subfolder),
    createFolder: outputFolder !== undefined,
    fileName: outputFileName(source.fileName, options.format),
  };
}

/** Names the folder in the error if its disk is full. */
async function namingFolder<Result>(folder: string, work: Promise<Result>): Promise<Result> {
  try {
    return await work;
  } catch (error) {
    if (!isAppError(error, 'disk_full')) throw error;
    throw new AppError('disk_full', sayShared('failTargetDiskFullIn', { folder }), { cause: error });
  }
}

function requireDone({ state, error }: Conversion): void {
  if (state === 'done') return;
  if (state === 'cancelled') throw failure('cancelled');
  if (error === undefined) throw failure('converter_failed');
  throw toKnownError(error);
}
