import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { AppError, conversionErrorCodes, isAppError, systemErrorCode } from '../../shared/errors.ts';
import { cutFileName } from '../../shared/file-name.ts';
import { outputFileName } from '../../shared/formats.ts';
import { failure } from '../../shared/words/failure-sentence.ts';
import { sayShared } from '../../shared/words/say.ts';
import { blobFence, mp3BlobId, videoBlobId } from '../conversions/blob-names.ts';
import type { ConversionWork, Work } from '../conversions/conversion-work.ts';
import { isSameFile, stampOf } from '../conversions/file-stamp.ts';
import { removeUnneeded } from '../conversions/unneeded-blobs.ts';
import type { BlobStore, LocalBlobFile } from '../ports/blob-store.ts';
import type { ConversionRow, ConversionSource } from '../ports/conversion-store.ts';
import type { Consumer, JobHandler, JobQueue } from '../ports/job-queue.ts';
import type { ReportSkipped } from '../ports/skipped-item.ts';
import type { ConvertedFile, ConvertRequest } from './convert-file.ts';
import { hasDied } from './ffmpeg/ffmpeg-failure.ts';
import { isFrozen } from './ffmpeg/supervise-process.ts';
import { isFullDisk, isScarcity } from './scarcity.ts';
import { createSpaceWaits, type SpaceWaits, type WorkRoom } from './space-waits.ts';

/** The longest delay of Node's timers, in milliseconds. */
const longestTimerMilliseconds = 2 ** 31 - 1;

/**
 * Whether a conversion waits for as long as the disk is full or something is unavailable. If not, it fails: on a full disk at once and
 * with this sentence, because nobody is there to free space, and otherwise after some tries, because shortages of other kinds pass.
 */
export type WhenFull = 'wait' | { readonly fail: string };

/** The longest of the waits between these tries. Together, the waits are about half a minute. */
const longestWaitBeforeFailureSeconds = 20;

export interface HandleConvertParts {
  readonly work: ConversionWork;
  readonly videos: BlobStore;
  readonly mp3s: BlobStore;
  /** Absolute path. Each running job has its own folder in it. */
  readonly workFolder: string;
  readonly convert: (request: Omit<ConvertRequest, 'ffmpeg' | 'limits'>) => Promise<ConvertedFile>;
  readonly whenFull: WhenFull;
  /** The room in the work folder. */
  readonly room: WorkRoom;
  readonly log: Logger;
  readonly skipped: ReportSkipped;
}

export interface ConverterParts extends HandleConvertParts {
  readonly videoQueue: JobQueue;
  /** The number of conversions that may run at the same time. */
  readonly places: number;
}

/** The conversion service: takes queued conversions and makes MP3s of them. */
export async function startConverter({ videoQueue, places, ...parts }: ConverterParts): Promise<Consumer> {
  const alarm = createAlarm(videoQueue, parts.log);
  const consumer = await videoQueue.consume(createConvertHandler(parts, alarm.wakeLater), { places });
  return {
    setPlaces: (wanted) => consumer.setPlaces(wanted),
    async stop() {
      await consumer.stop();
      alarm.stop();
    },
  };
}

/** Wakes a place after the given number of seconds, for a conversion that is not due yet. */
type WakeLater = (id: string, delaySeconds: number) => void;

/**
 * Publishes a ticket when the first of the conversions that are not due becomes due. If this process dies, the sweeper publishes
 * one.
 */
function createAlarm(queue: JobQueue, log: Logger): { readonly wakeLater: WakeLater; stop(): void } {
  let timer: NodeJS.Timeout | undefined;
  let dueAt = Number.POSITIVE_INFINITY;

  function ring(conversionId: string): void {
    dueAt = Number.POSITIVE_INFINITY;
    queue.publish({ conversionId }).catch((error: unknown) => {
      log.warn({ err: error, conversion: conversionId }, 'could not publish a ticket; the sweeper will');
    });
  }

  return {
    wakeLater(id, delaySeconds) {
      const milliseconds = Math.min(Math.ceil(delaySeconds * 1000), longestTimerMilliseconds);
      const due = performance.now() + milliseconds;
      if (due >= dueAt) return;
      clearTimeout(timer);
      dueAt = due;
      timer = setTimeout(ring, milliseconds, id).unref();
    },
    stop: () => clearTimeout(timer),
  };
}

/** Converts queued conversions one after the other until none is due. */
export function createConvertHandler(parts: HandleConvertParts, wakeLater: WakeLater): JobHandler {
  const spaceWaits = createSpaceWaits(parts.room, parts.log);
  return async (place) => {
    while (place.mayGoOn()) {
      if (parts.whenFull === 'wait') await spaceWaits.untilRoom(place.signal);
      const taken = await parts.work.take(place.signal);
      if (taken.kind === 'nothing') return;
      if (taken.kind === 'later') return wakeLater(taken.id, taken.delaySeconds);
      const { id } = taken.work.row;
      try {
        await convert(taken.work, place.signal, { ...parts, spaceWaits });
      } catch (cause) {
        // The sweeper takes it over, since nobody renews its lease. The others must not wait for that.
        parts.skipped({ kind: 'conversion', id, what: 'could not end a conversion', cause });
      }
    }
  };
}

interface ConvertParts extends HandleConvertParts {
  readonly spaceWaits: SpaceWaits;
}

/** Runs one conversion, from its lease to its MP3. */
async function convert(taken: Work, stopping: AbortSignal, parts: ConvertParts): Promise<void> {
  await using work = taken;
  try {
    const converted = await convertInFolder(work, stopping, parts);
    await finish(work, converted, parts);
    parts.spaceWaits.forget(work.row.id);
  } catch (error) {
    await settle(error, work, stopping, parts);
  }
}

/** Converts the video in a folder of its own. The folder is removed before anything is written about a failure: the disk may be full. */
async function convertInFolder(work: Work, stopping: AbortSignal, parts: ConvertParts): Promise<ConvertedFile> {
  const folder = join(parts.workFolder, mp3BlobId(work.row));
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return await convertInto(folder, work, stopping, parts);
  } finally {
    // Node tries again while too many files are open.
    await rm(folder, { recursive: true, force: true, maxRetries: 5 }).catch((cause: unknown) => {
      parts.skipped({ kind: 'folder', id: mp3BlobId(work.row), what: 'could not remove temporary files', cause });
    });
  }
}

/** Converts the video and stores the MP3. If this throws, nothing is stored. */
async function convertInto(
  folder: string,
  work: Work,
  stopping: AbortSignal,
  parts: ConvertParts,
): Promise<ConvertedFile> {
  const { videos, mp3s, spaceWaits } = parts;
  const { row } = work;
  using space = spaceWaits.watch();
  const signal = AbortSignal.any([work.signal, stopping, space.signal]);
  await using source = await openSource(row, videos, signal);
  const request = {
    sourcePath: source.path,
    workFolder: folder,
    options: row.options,
    onSource: (facts) => work.noteSource(facts),
    onProgress: (progress) => work.noteProgress(progress),
    signal,
  } satisfies Parameters<HandleConvertParts['convert']>[0];
  const converted = await parts.convert(request).catch((error: unknown) => convertAgain(error, request, work, parts));
  const label = { conversionId: row.id, owner: row.owner, fileName: resultFileName(row) };
  await mp3s.adopt(mp3BlobId(row), blobFence(row), converted.path, label, signal);
  return converted;
}

/**
 * Starts over once if ffmpeg was frozen, since what stopped it may be over: a disk that slept, a system out of memory. Throws
 * `error` if that is not the reason.
 */
async function convertAgain(
  error: unknown,
  request: Parameters<HandleConvertParts['convert']>[0],
  work: Work,
  { convert, log }: HandleConvertParts,
): Promise<ConvertedFile> {
  if (!isFrozen(error)) throw error;
  log.warn({ err: error, conversion: work.row.id }, 'ffmpeg was frozen and is started again');
  const workFolder = join(request.workFolder, 'again');
  await mkdir(workFolder, { mode: 0o700 });
  return await convert({ ...request, workFolder });
}

async function openSource(row: ConversionRow, videos: BlobStore, signal: AbortSignal): Promise<LocalBlobFile> {
  if (row.source.kind === 'blob') return await videos.localFile(videoBlobId(row), signal);
  const { path, stamp } = row.source;
  if (stamp !== undefined && (await isGone(row.source))) throw failure('source_missing');
  return { path, [Symbol.asyncDispose]: async () => undefined };
}

/** Whether there is no file at the source's path any more, or another one. */
async function isGone({ path, stamp }: Extract<ConversionSource, { kind: 'file' }>): Promise<boolean> {
  try {
    const now = await stampOf(path);
    return stamp !== undefined && !isSameFile(stamp, now);
  } catch (error) {
    const code = systemErrorCode(error);
    return code === 'ENOENT' || code === 'ENOTDIR';
  }
}

async function finish(work: Work, converted: ConvertedFile, { mp3s, skipped, log }: HandleConvertParts): Promise<void> {
  const { row } = work;
  const { bytes, sha256, durationSeconds, peaks, warnings } = converted;
  const result = { fileName: resultFileName(row), bytes, sha256, durationSeconds, peaks };
  // If this throws, the change may or may not be written. The MP3 stays, and the sweeper removes it if no row needs it.
  const done = await work.finish(result, warnings);
  if (!done) await removeUnneeded(mp3s, mp3BlobId(row), row, skipped);
  log.info({ conversion: row.id, done, seconds: durationSeconds, warnings: warnings.length }, 'converted');
}

async function settle(
  error: unknown,
  work: Work,
  stopping: AbortSignal,
  { whenFull, mp3s, spaceWaits, skipped, log }: ConvertParts,
): Promise<void> {
  const conversion = work.row.id;
  if (work.signal.aborted) {
    spaceWaits.forget(conversion);
    log.info({ conversion, reason: String(work.signal.reason) }, 'conversion was cancelled or taken over');
    return;
  }
  if (stopping.aborted) {
    await work.release(0);
    return;
  }
  const isFirst = spaceWaits.isFirst(conversion);
  const delaySeconds = mayWait(error, whenFull) ? spaceWaits.nextSeconds(conversion) : undefined;
  if (delaySeconds !== undefined && (whenFull === 'wait' || delaySeconds <= longestWaitBeforeFailureSeconds)) {
    const words = 'a conversion waits and will be tried again';
    if (isFirst) log.warn({ err: error, conversion, delaySeconds }, words);
    else log.debug({ err: error, conversion, delaySeconds }, words);
    // If the disk was too full for the row, it was not written, and its MP3 must not take the space.
    if (isAppError(error, 'disk_full')) await removeUnneeded(mp3s, mp3BlobId(work.row), work.row, skipped);
    await work.release(delaySeconds);
    return;
  }
  spaceWaits.forget(conversion);
  if (hasDied(error)) {
    const state = await work.ffmpegDied(reasonOf(error));
    log.warn({ err: error, conversion, state }, 'ffmpeg died over a conversion');
    return;
  }
  const reason = await reasonFor(error, work.row.source, whenFull);
  log.warn({ err: error, conversion, code: reason.code }, 'conversion failed');
  await work.fail(reason);
}

/** Whatever the job could not do, make its folder, open a file or start ffmpeg, may work later if the system was only short of something. */
function mayWait(error: unknown, whenFull: WhenFull): boolean {
  if (isFull(error)) return whenFull === 'wait';
  return isAppError(error, 'unavailable') || isScarcity(error);
}

function isFull(error: unknown): boolean {
  // The job's folder itself may be what does not fit on the disk.
  return isAppError(error, 'disk_full') || isFullDisk(error);
}

/** The reason for which a conversion fails. */
async function reasonFor(error: unknown, source: ConversionSource, whenFull: WhenFull): Promise<AppError> {
  if (whenFull !== 'wait' && isFull(error)) return new AppError('disk_full', whenFull.fail, { cause: error });
  // The file may go away at any time while it is read.
  const gone = source.kind === 'file' && isAppError(error, 'source_unreadable') && (await isGone(source));
  if (gone) return failure('source_missing', { cause: error });
  if (isScarcity(error)) return new AppError('converter_failed', sayShared('failScarce'), { cause: error });
  return reasonOf(error);
}

/** Keeps the sentence. A code that a conversion cannot have becomes a failure of the converter. */
function reasonOf(error: unknown): AppError {
  if (isAppError(error, ...conversionErrorCodes)) return error;
  if (!isAppError(error)) return failure('converter_failed', { cause: error });
  return new AppError('converter_failed', error.message, { cause: error });
}

function resultFileName(row: ConversionRow): string {
  // `talk` and `talk.mp4` may be as long as names can be.
  return cutFileName(outputFileName(row.fileName, row.options.format));
}
