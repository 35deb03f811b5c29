import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { access, chmod, copyFile, open, realpath, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { AppError, isAppError, systemErrorCode } from '../../shared/errors.ts';
import { makeFolder } from '../../shared/make-folder.ts';
import { sayShared } from '../../shared/words/say.ts';
import { targetError } from '../../shared/words/system-failures.ts';
import type { OpenedResult } from './backend.ts';
import { fileIdentity } from './file-identity.ts';
import { validFileName } from './file-names.ts';
import { placeBeside, placeOver } from './place-file.ts';
import { removeLeftovers, temporaryFileName } from './temporary-files.ts';

/** Where an MP3 shall be saved. */
export interface ResultTarget {
  /** Absolute path. */
  readonly folder: string;
  /** Whether the folder may be created. Not set for the folder of a video: if that is missing, its disk is gone. */
  readonly createFolder: boolean;
  readonly fileName: string;
}

/** A target in a folder that was checked, with a name that no other target of this saver has. */
export interface PlannedTarget {
  readonly folder: string;
  readonly fileName: string;
  /** 0 for the name itself, 1 for `NAME (1)`, and so on. */
  readonly number: number;
}

/** Saves MP3s into folders: whole or not at all, and never over a file that must not be replaced. */
export interface ResultSaver {
  /**
   * Checks the folder and reserves a name before the work begins. Targets with equal names are numbered in the order of the calls,
   * so call it for one after the other. Throws `target_unwritable` or `disk_full`.
   */
  plan(target: ResultTarget): Promise<PlannedTarget>;
  /**
   * Resolves with the path of the MP3 once it is durable. If the planned name was taken since, the next free one is used. Throws
   * `target_unwritable`, `disk_full`, `internal` if the bytes do not match the result's size and hash, what `result.chunks` throws,
   * or the signal's reason. When it throws, no file is left behind.
   */
  save(target: PlannedTarget, result: OpenedResult, signal: AbortSignal): Promise<string>;
}

export interface ResultSaverOptions {
  /** Whether an existing file with the wanted name is replaced. A file of this saver or of `sources` never is. */
  readonly overwrite: boolean;
  /** Identities ({@link fileIdentity}) of files that are never replaced. */
  readonly sources: ReadonlySet<string>;
}

export function createResultSaver({ overwrite, sources }: ResultSaverOptions): ResultSaver {
  /** The real paths of the prepared folders. */
  const realFolders = new Map<string, string>();
  const claimed = new Set<string>();
  const nextNumbers = new Map<string, number>();

  /** Two paths with the same key may be the same file, since a disk may not distinguish upper and lower case. */
  function keyOf(folder: string, fileName: string): string {
    return path
      .join(realFolders.get(folder) ?? folder, fileName)
      .normalize('NFC')
      .toLowerCase();
  }

  function claimNumber(folder: string, fileName: string): number {
    const wanted = keyOf(folder, fileName);
    for (let number = nextNumbers.get(wanted) ?? 0; ; number += 1) {
      const key = keyOf(folder, validFileName(fileName, process.platform, number));
      if (claimed.has(key)) continue;
      claimed.add(key);
      nextNumbers.set(wanted, number + 1);
      return number;
    }
  }

  async function prepareFolder(folder: string, create: boolean): Promise<void> {
    if (realFolders.has(folder)) return;
    try {
      if (create) await createFolder(folder);
      const facts = await stat(folder);
      if (!facts.isDirectory()) throw Object.assign(new Error('not a folder'), { code: 'ENOTDIR' });
      await access(folder, constants.W_OK);
      realFolders.set(folder, await realpath(folder));
    } catch (error) {
      throw isAppError(error) ? error : targetError(error);
    }
    await removeLeftovers(folder);
  }

  async function isSource(file: string): Promise<boolean> {
    const facts = await stat(file, { bigint: true }).catch((error: unknown) => {
      if (systemErrorCode(error) === undefined) throw error;
      return undefined;
    });
    return facts !== undefined && sources.has(fileIdentity(facts) ?? '');
  }

  async function place(temporary: string, { folder, fileName, number: planned }: PlannedTarget): Promise<string> {
    for (let number = planned; ; number = claimNumber(folder, fileName)) {
      const file = path.join(folder, validFileName(fileName, process.platform, number));
      const placed =
        overwrite && !(await isSource(file)) ? await placeOver(temporary, file) : await placeBeside(temporary, file);
      if (placed) return file;
    }
  }

  return {
    async plan({ folder, createFolder, fileName }) {
      await prepareFolder(folder, createFolder);
      return { folder, fileName, number: claimNumber(folder, fileName) };
    },

    async save(target, result, signal) {
      signal.throwIfAborted();
      const temporary = path.join(target.folder, temporaryFileName());
      try {
        await write(temporary, result, signal);
        return await place(temporary, target).catch((error: unknown) => {
          throw targetError(error);
        });
      } finally {
        await rm(temporary, { force: true }).catch((error: unknown) => {
          // The save has succeeded or reported its error. The next save into this folder removes the rest.
          if (systemErrorCode(error) === undefined) throw error;
        });
      }
    },
  };
}

async function createFolder(folder: string): Promise<void> {
  try {
    await makeFolder(folder);
  } catch (error) {
    // All folders above it are there: the system does not want another one, as in /proc.
    if (systemErrorCode(error) !== 'ENOENT') throw error;
    throw new AppError('target_unwritable', sayShared('failTargetNotMade'), { cause: error });
  }
}

/** Writes the result to a new file, durably, and checks its size and hash. */
async function write(file: string, result: OpenedResult, signal: AbortSignal): Promise<void> {
  if (result.path === undefined || !(await clone(result.path, file))) {
    await writeChunks(file, result, signal);
  }
  const bytes = await makeDurable(file).catch((error: unknown) => {
    throw targetError(error);
  });
  if (bytes !== result.bytes) throw damaged(`expected ${result.bytes} bytes, got ${bytes}`);
}

/** Syncs a file to disk. Resolves with its size in bytes. */
async function makeDurable(file: string): Promise<number> {
  await using handle = await open(file, 'r+');
  await handle.sync();
  return (await handle.stat()).size;
}

/** Copies a file without copying its bytes. False if the file system cannot do this. */
async function clone(existing: string, file: string): Promise<boolean> {
  try {
    await copyFile(existing, file, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE_FORCE);
    // Only the owner can read the backend's file. The copy gets the usual permissions of a new file.
    await chmod(file, 0o666 & ~process.umask());
    return true;
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    await rm(file, { force: true });
    return false;
  }
}

async function writeChunks(
  file: string,
  { path: local, chunks, sha256 }: OpenedResult,
  signal: AbortSignal,
): Promise<void> {
  await using handle = await open(file, 'wx').catch((error: unknown) => {
    throw targetError(error);
  });
  // A file on this computer was hashed when it was made, and has not been transferred since.
  const hash = local === undefined ? createHash('sha256') : undefined;
  for await (const chunk of chunks) {
    signal.throwIfAborted();
    hash?.update(chunk);
    // On a handle, `writeFile` appends, and repeats partial writes.
    await handle.writeFile(chunk).catch((error: unknown) => {
      throw targetError(error);
    });
  }
  const arrived = hash?.digest('hex') ?? sha256;
  if (arrived !== sha256) throw damaged(`expected ${sha256}, got ${arrived}`);
}

function damaged(difference: string): AppError {
  return new AppError('internal', sayShared('failMp3DamagedInTransit'), { cause: new Error(difference) });
}
