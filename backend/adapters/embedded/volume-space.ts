import { statfsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { diskFull, withSystemErrors } from '../system-error.ts';

const mebibyte = 1024 * 1024;

/** How the space of a volume is divided. All in bytes, and less on a small volume. */
export interface SpaceLimits {
  /** Uploads leave this much free, for the databases and for the conversions of what is stored already. */
  readonly uploadFloor: number;
  /** Conversions leave this much free, for the databases. Less than the uploads leave, so that a conversion can end and free its video. */
  readonly workFloor: number;
  /** The size of the file that is given up when a database cannot write. */
  readonly reserve: number;
  /** The size at which SQLite moves what it has logged into the database. */
  readonly databaseLog: number;
}

/** The limits for a volume of `totalBytes`. */
export function spaceLimits(totalBytes: number): SpaceLimits {
  const uploadFloor = Math.min(64 * mebibyte, totalBytes / 8);
  return {
    uploadFloor,
    workFloor: uploadFloor / 4,
    reserve: Math.floor(Math.min(16 * mebibyte, totalBytes / 16)),
    databaseLog: Math.max(mebibyte / 16, Math.min(4 * mebibyte, totalBytes / 64)),
  };
}

/** No space is kept free, and nothing is reserved. */
export const noLimits: SpaceLimits = {
  ...spaceLimits(Number.MAX_SAFE_INTEGER),
  uploadFloor: 0,
  workFloor: 0,
  reserve: 0,
};

/** The limits for the volume that `path` is on. Throws an error of the operating system. */
export function limitsAt(path: string): SpaceLimits {
  const { blocks, bsize } = statfsSync(path);
  return spaceLimits(blocks * bsize);
}

/**
 * How many bytes this user can still write on the volume that `path` is on; infinity if the volume does not say; 0 if it takes no
 * further files. Throws `unavailable`.
 */
export async function freeBytes(path: string): Promise<number> {
  const { blocks, bavail, bsize, files, ffree } = await withSystemErrors(() => statfs(path));
  // Some file systems have no fixed number of files, and say 0 for both.
  if (files > 0 && ffree === 0) return 0;
  // Some network file systems say that they have no blocks.
  return blocks === 0 ? Number.POSITIVE_INFINITY : bavail * bsize;
}

/** What a writer tells about its bytes. */
export interface SpaceUser {
  /** Call this with the size of each chunk before it is written. Throws `disk_full` if it does not fit. */
  take(bytes: number): Promise<void> | undefined;
  /** Call this as bytes are given to the system to write. */
  writing(bytes: number): void;
}

/** One upload that is being written. Disposing of it gives back what it expected and did not write. */
export interface UploadShare extends SpaceUser, Disposable {}

/** For bytes that are no upload. */
export const unlimited: SpaceUser = { take: () => undefined, writing: () => undefined };

/** Shares the space of a volume between the uploads that are being written. */
export interface UploadSpace {
  /**
   * How many bytes of further uploads fit. Below 0 if there is less free than uploads must leave. Bytes that the current ones
   * expect do not count as free. Throws `unavailable`.
   */
  room(): Promise<number>;
  /** Begins an upload. Throws `disk_full` if the expected bytes do not fit. */
  begin(expectedBytes: number): Promise<UploadShare>;
}

/** After this many bytes, the system is asked for the free space again: other programs write too. */
const askEveryBytes = 4 * mebibyte;

export function shareUploadSpace(path: string, floorBytes: number): UploadSpace {
  /** What the current uploads expect, or have in memory, and have not written. */
  let owedBytes = 0;
  /** An estimate of the free space between two answers of the system. */
  let free = 0;
  let untilAskedBytes = 0;
  const askEvery = Math.min(askEveryBytes, floorBytes > 0 ? floorBytes / 4 : Number.POSITIVE_INFINITY);

  async function ask(): Promise<number> {
    free = await freeBytes(path);
    untilAskedBytes = askEvery;
    return free - floorBytes - owedBytes;
  }

  return {
    room: ask,
    async begin(expectedBytes) {
      if ((await ask()) < expectedBytes) throw diskFull(new Error(`${expectedBytes} bytes do not fit`));
      let expected = expectedBytes;
      let taken = 0;
      let written = 0;
      owedBytes += expected;

      async function check(): Promise<void> {
        if ((await ask()) < 0) throw diskFull(new Error('an upload has reached the space that is kept free'));
      }
      return {
        take(bytes) {
          taken += bytes;
          const more = Math.max(0, taken - expected);
          expected += more;
          owedBytes += more;
          untilAskedBytes -= bytes;
          return untilAskedBytes <= 0 || free - floorBytes - owedBytes < 0 ? check() : undefined;
        },
        writing(bytes) {
          written += bytes;
          owedBytes -= bytes;
          free -= bytes;
        },
        [Symbol.dispose]() {
          owedBytes -= expected - written;
        },
      };
    },
  };
}
