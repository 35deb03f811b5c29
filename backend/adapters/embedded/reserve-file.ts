import { randomBytes } from 'node:crypto';
import { closeSync, ftruncateSync, openSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Logger } from 'pino';
import { isSystemError } from '../system-error.ts';
import { freeBytes, type SpaceLimits } from './volume-space.ts';

/*
 * A file in the data folder that only takes up space. When a database cannot write, a part of the file is given up, so that people
 * can still sign in and remove things on a full disk. It is made again when there is room.
 */

/** It is given up in parts, because another program may take what is given up. One transaction needs less than the smallest part. */
const parts = 64;
const smallestPartBytes = 64 * 1024;
/** What a start needs, for the indexes and logs of both databases. */
const startBytes = 256 * 1024;
/** How often to see whether there is room to make the file again. */
const lookEverySeconds = 2;
const chunkBytes = 256 * 1024;

/** The part of the reserve that is kept for a start. It comes before anybody can remove anything. */
function bytesForStart(reserveBytes: number): number {
  return Math.min(startBytes, Math.floor(reserveBytes / 2));
}

/** Gives up a part of the reserve, but not what a start needs. Returns false if there is no more. */
export function giveUpPart(file: string, reserveBytes: number): boolean {
  const part = Math.max(smallestPartBytes, Math.floor(reserveBytes / parts));
  return cut(file, part, bytesForStart(reserveBytes));
}

/** Gives up so much of the reserve that a start can write to its databases. */
export async function makeRoomToStart(file: string, { reserve }: SpaceLimits): Promise<void> {
  const missing = bytesForStart(reserve) - (await freeBytes(dirname(file)));
  if (missing > 0) cut(file, missing, 0);
}

/** Takes this many bytes from the file, but leaves `leastBytes`. Returns false if there are no more. */
function cut(file: string, cutBytes: number, leastBytes: number): boolean {
  try {
    const { size } = statSync(file);
    if (size <= leastBytes) return false;
    const bytes = Math.max(leastBytes, size - cutBytes);
    const handle = openSync(file, 'r+');
    try {
      ftruncateSync(handle, bytes);
    } finally {
      closeSync(handle);
    }
    return true;
  } catch (error) {
    // There is no reserve, or it cannot be changed.
    if (!isSystemError(error)) throw error;
    return false;
  }
}

/**
 * Makes the file as large as the reserve, as far as uploads and conversions do not need the space. Its bytes are random, because a
 * file system may store zeros without using space.
 */
async function fillReserve(file: string, { reserve, uploadFloor }: SpaceLimits): Promise<void> {
  await using handle = await open(file, 'a', 0o600);
  for (;;) {
    const missing = reserve - (await handle.stat()).size;
    if (missing <= 0) return;
    if ((await freeBytes(file)) < uploadFloor + missing) return;
    await handle.writeFile(randomBytes(Math.min(missing, chunkBytes)));
  }
}

/** Makes the reserve, and makes it again after it was given up, until it is disposed of. */
export async function keepReserve(file: string, limits: SpaceLimits, log: Logger): Promise<AsyncDisposable> {
  if (limits.reserve === 0) return { [Symbol.asyncDispose]: async () => undefined };
  let filling: Promise<void> | undefined;
  async function fill(): Promise<void> {
    await fillReserve(file, limits).catch((error: unknown) => {
      log.warn({ err: error }, 'could not make the file that reserves space for the databases');
    });
    filling = undefined;
  }
  await fill();
  const timer = setInterval(() => {
    filling ??= fill();
  }, lookEverySeconds * 1000).unref();
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await filling;
    },
  };
}
