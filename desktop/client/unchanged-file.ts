import { type FileHandle, open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { AppError } from '../../shared/errors.ts';
import { comesToRest } from '../../shared/file-at-rest.ts';
import { type FileVersion, fileVersion, isSameVersion, untilTickEnds } from '../../shared/file-version.ts';
import { sayShared } from '../../shared/words/say.ts';
import { sourceError } from '../../shared/words/system-failures.ts';
import { pauseFor } from './keep-trying.ts';
import type { UploadPiece } from './upload-requests.ts';

/** Keeps reads few for a large file, and memory low for several files at once. */
const readBytes = 256 * 1024;
const maxTickWaits = 3;
/** One version of a file, read through one handle, so that renaming or replacing the file has no effect. */
export interface UnchangedFile extends AsyncDisposable {
  readonly version: FileVersion;
  /** Whether the file was found to be another version than when it was opened. */
  readonly hasChanged: boolean;
  /**
   * Reads from `start` up to `end`, or to the end of the file. Throws `source_unreadable` if the file has changed since it was opened.
   * The stream checks this again before it gives its last bytes.
   */
  read(start: number, end: number): Promise<UploadPiece>;
}

/** Throws `source_missing`, `source_unreadable`, or the signal's reason. */
export async function openUnchanged(path: string, signal: AbortSignal): Promise<UnchangedFile> {
  const handle = await open(path, 'r').catch(failReading);
  try {
    return readUnchanged(handle, await settledVersion(handle, signal));
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** The version of a file, after which each write changes its time. A file that is written all the time will show that anyway. */
async function settledVersion(handle: FileHandle, signal: AbortSignal): Promise<FileVersion> {
  for (let waits = 0; ; waits += 1) {
    const version = fileVersion(await handle.stat({ bigint: true }));
    const wait = untilTickEnds(version, Date.now());
    if (wait === 0 || waits >= maxTickWaits) return version;
    await pauseFor(wait / 1000, signal);
  }
}

function readUnchanged(handle: FileHandle, version: FileVersion): UnchangedFile {
  let hasChanged = false;

  function changed(): AppError {
    hasChanged = true;
    return changedMeanwhile();
  }

  async function check(): Promise<void> {
    if (!isSameVersion(version, fileVersion(await handle.stat({ bigint: true }).catch(failReading)))) throw changed();
  }

  // Each read names its position, so that an abandoned piece does not disturb the next one.
  async function* bytesFrom(start: number, end: number): AsyncGenerator<Uint8Array> {
    for (let position = start; position < end; ) {
      const buffer = Buffer.allocUnsafe(Math.min(readBytes, end - position));
      const { bytesRead } = await handle.read(buffer, 0, buffer.byteLength, position).catch(failReading);
      if (bytesRead === 0) throw changed();
      position += bytesRead;
      // Whoever gets all bytes of a piece has bytes of one version.
      if (position === end) await check();
      yield buffer.subarray(0, bytesRead);
    }
  }

  return {
    version,
    get hasChanged() {
      return hasChanged;
    },
    async read(start, end) {
      await check();
      const last = Math.min(end, version.bytes);
      return { stream: Readable.from(bytesFrom(start, last), { objectMode: false }), size: last - start };
    },
    [Symbol.asyncDispose]: () => handle.close(),
  };
}

/** Waits until no other program writes the file. Throws `source_unreadable` if one still does after a minute, and the signal's reason. */
export async function untilAtRest(path: string, signal: AbortSignal): Promise<void> {
  const rests = await comesToRest(path, signal).catch((error: unknown) => {
    signal.throwIfAborted();
    throw sourceError(error);
  });
  if (!rests) throw changedMeanwhile();
}

function changedMeanwhile(): AppError {
  return new AppError('source_unreadable', sayShared('failSourceChanged'));
}

function failReading(error: unknown): never {
  throw sourceError(error);
}
