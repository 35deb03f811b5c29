import type { BigIntStats } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { AppError } from '../../shared/errors.ts';
import { sayShared } from '../../shared/words/say.ts';
import { sourceError } from '../../shared/words/system-failures.ts';
import { type FileVersion, fileVersion, isSameVersion, untilTickEnds } from './file-version.ts';
import { pauseFor } from './keep-trying.ts';
import type { UploadPiece } from './upload-requests.ts';

/** Keeps reads few for a large file, and memory low for several files at once. */
const readBytes = 256 * 1024;
const maxTickWaits = 3;
/** A file that another program writes counts as complete once it has not changed for this long. */
const restSeconds = 2;
/** How long to wait for that. */
const longestWaitSeconds = 60;

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
    return readUnchanged(handle, await settledFacts(handle, signal));
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** The facts of a file, after which each write changes its time. A file that is written all the time will show that anyway. */
async function settledFacts(handle: FileHandle, signal: AbortSignal): Promise<BigIntStats> {
  for (let waits = 0; ; waits += 1) {
    const facts = await handle.stat({ bigint: true });
    const wait = untilTickEnds(facts, Date.now());
    if (wait === 0 || waits >= maxTickWaits) return facts;
    await pauseFor(wait / 1000, signal);
  }
}

function readUnchanged(handle: FileHandle, facts: BigIntStats): UnchangedFile {
  const version = fileVersion(facts);
  let hasChanged = false;

  function changed(): AppError {
    hasChanged = true;
    return new AppError('source_unreadable', sayShared('failSourceChanged'));
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

/**
 * Waits until a file has not changed for a while. Throws `source_unreadable` if another program still writes it after a minute, and the
 * signal's reason.
 */
export async function untilAtRest(path: string, signal: AbortSignal): Promise<void> {
  const giveUpAt = performance.now() + longestWaitSeconds * 1000;
  for (let before = await versionOf(path); ; ) {
    await pauseFor(restSeconds, signal);
    const now = await versionOf(path);
    if (isSameVersion(before, now)) return;
    if (performance.now() > giveUpAt) throw new AppError('source_unreadable', sayShared('failSourceChanged'));
    before = now;
  }
}

async function versionOf(path: string): Promise<FileVersion> {
  return fileVersion(await stat(path, { bigint: true }).catch(failReading));
}

function failReading(error: unknown): never {
  throw sourceError(error);
}
