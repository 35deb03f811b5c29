import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { access, chmod, copyFile, open, realpath, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { AppError, systemErrorCode } from '../../shared/errors.ts';
import { makeFolder } from '../../shared/make-folder.ts';
import { targetError } from '../../shared/words/system-failures.ts';
import type { OpenedResult } from './backend.ts';
import { fileIdentity } from './file-identity.ts';
import { validFileName } from './file-names.ts';
import { placeBeside, placeOver } from './place-file.ts';
import { removeLeftovers, temporaryFileName } from './temporary-files.ts';

/** Where a person wants an MP3. */
export interface ResultTarget {
  /** Absolute path. */
  readonly folder: string;
  /** Whether the folder may be made. One that a video lies in is there, or has gone with its disk. */
  readonly createFolder: boolean;
  readonly fileName: string;
}

/** A target whose folder was seen to be good, and a name in it that no other target of this saver has. */
export interface PlannedTarget {
  readonly folder: string;
  readonly fileName: string;
  /** 0 for the name itself, 1 for `NAME (1)`, and so on. */
  readonly number: number;
}

/** Puts MP3s into folders: whole or not at all, and never over anything that it should not replace. */
export interface ResultSaver {
  /**
   * Looks for a place before the work is done for it. Targets that want one name get it numbered in the order of the calls, so
   * call one after the other. Throws `target_unwritable` or `disk_full`.
   */
  plan(target: ResultTarget): Promise<PlannedTarget>;
  /**
   * Resolves with the path at which the MP3 lies, durable; a name that was taken meanwhile becomes the next free one. Throws
   * `target_unwritable`, `disk_full`, `internal` when the bytes are not those that were promised, what `result.chunks` throws,
   * and the signal's reason: then nothing is left of it.
   */
  save(target: PlannedTarget, result: OpenedResult, signal: AbortSignal): Promise<string>;
}

export interface ResultSaverOptions {
  /** Whether a file of the wanted name is replaced; never one that this saver wrote, or one of `sources`. */
  readonly overwrite: boolean;
  /** Identities of files that are never replaced ({@link fileIdentity}). */
  readonly sources: ReadonlySet<string>;
}

export function createResultSaver({ overwrite, sources }: ResultSaverOptions): ResultSaver {
  /** Real paths of the folders that were prepared. */
  const realFolders = new Map<string, string>();
  const claimed = new Set<string>();
  const nextNumbers = new Map<string, number>();

  /** Two paths with one key may be one file, on a disk that knows no upper and lower case and on one that does. */
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
      if (create) await makeFolder(folder);
      const facts = await stat(folder);
      if (!facts.isDirectory()) throw Object.assign(new Error('not a folder'), { code: 'ENOTDIR' });
      await access(folder, constants.W_OK);
      realFolders.set(folder, await realpath(folder));
    } catch (error) {
      throw targetError(error);
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
          // It was whole or it was reported; what is left of it goes at the next save.
          if (systemErrorCode(error) === undefined) throw error;
        });
      }
    },
  };
}

/** Writes the result to a new file, durably, and checks it against what was promised. */
async function write(file: string, result: OpenedResult, signal: AbortSignal): Promise<void> {
  if (result.path === undefined || !(await clone(result.path, file))) {
    await writeChunks(file, result, signal);
  }
  const bytes = await makeDurable(file).catch((error: unknown) => {
    throw targetError(error);
  });
  if (bytes !== result.bytes) throw damaged(`expected ${result.bytes} bytes, got ${bytes}`);
}

/** Resolves with the file's size in bytes. */
async function makeDurable(file: string): Promise<number> {
  await using handle = await open(file, 'r+');
  await handle.sync();
  return (await handle.stat()).size;
}

/** False where the file system cannot do it. */
async function clone(existing: string, file: string): Promise<boolean> {
  try {
    await copyFile(existing, file, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE_FORCE);
    // The backend's file is its owner's alone; this one is as any other that the person makes.
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
  // What lies on this computer was hashed when it was made, and has not travelled since.
  const hash = local === undefined ? createHash('sha256') : undefined;
  for await (const chunk of chunks) {
    signal.throwIfAborted();
    hash?.update(chunk);
    // On a handle, this goes on where the last one ended, however little the system takes at a time.
    await handle.writeFile(chunk).catch((error: unknown) => {
      throw targetError(error);
    });
  }
  const arrived = hash?.digest('hex') ?? sha256;
  if (arrived !== sha256) throw damaged(`expected ${sha256}, got ${arrived}`);
}

function damaged(difference: string): AppError {
  return new AppError('internal', 'The MP3 did not arrive as it was made.', { cause: new Error(difference) });
}
