import { randomBytes } from 'node:crypto';
import { closeSync, ftruncateSync, openSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Logger } from 'pino';
import { isSystemError } from './system-error.ts';
import { freeBytes, type SpaceLimits } from './volume-space.ts';

/*
 * A file in the data folder that only takes up space. When a database cannot write, a part of the file is given up, so that people
 * can still sign in and remove things on a full disk. It is made again when there is room.
 */

/** It is given up in this many parts: another program may take what is given up. */
const parts = 16;
/** How often to see whether there is room to make the file again. */
const lookEverySeconds = 10;
const chunkBytes = 256 * 1024;

/**
 * Gives up a part of the reserve. Returns false if there is no more. The second half is kept for the next start, which needs space
 * before anything can be removed.
 */
export function giveUpPart(file: string, reserveBytes: number): boolean {
  return cutTo(file, (bytes) => Math.max(Math.floor(reserveBytes / 2), bytes - Math.ceil(reserveBytes / parts)));
}

/** Gives up the whole reserve. Returns false if there is none. */
export function giveUpReserve(file: string): boolean {
  return cutTo(file, () => 0);
}

function cutTo(file: string, bytesOf: (bytes: number) => number): boolean {
  try {
    const { size } = statSync(file);
    const bytes = bytesOf(size);
    if (bytes >= size) return false;
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
