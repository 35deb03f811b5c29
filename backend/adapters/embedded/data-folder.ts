import { constants } from 'node:fs';
import { access, readdir } from 'node:fs/promises';
import path from 'node:path';
import { AppError, isAppError } from '../../../shared/errors.ts';
import { makeFolder } from '../../../shared/make-folder.ts';
import { isSystemError, translateSystemError } from '../system-error.ts';

/** The paths of everything that the embedded backend stores, all absolute. */
export interface DataFolder {
  readonly path: string;
  /** What sentences about it call it, e.g. with the setting that names it. */
  readonly called: string;
  /** SQLite file of the conversions and notifications. Only for the process that holds the lock. */
  readonly conversionsDatabase: string;
  /** SQLite file of the accounts. Any process may use it, with or without the lock. */
  readonly accountsDatabase: string;
  /** Blobs of the videos. */
  readonly videos: string;
  /** Blobs of the MP3s. */
  readonly mp3s: string;
  /** Temporary files. They are useless once their process has ended. */
  readonly work: string;
  readonly lock: string;
  /** Takes up space that the databases get on a full disk. */
  readonly reserve: string;
}

/**
 * Makes the folders that are missing, with access only for their owner. Throws `data_unusable`, with a sentence that begins with
 * `called`, or `disk_full`.
 */
export async function openDataFolder(folder: string, called = 'The data folder'): Promise<DataFolder> {
  const root = path.resolve(folder);
  const layout: DataFolder = {
    path: root,
    called,
    conversionsDatabase: path.join(root, 'conversions.db'),
    accountsDatabase: path.join(root, 'accounts.db'),
    videos: path.join(root, 'videos'),
    mp3s: path.join(root, 'mp3s'),
    work: path.join(root, 'work'),
    lock: path.join(root, 'lock'),
    reserve: path.join(root, 'reserve'),
  };
  for (const each of [root, layout.videos, layout.mp3s, layout.work]) {
    try {
      await makeFolder(each, 0o700);
      await access(each, constants.R_OK | constants.W_OK | constants.X_OK);
    } catch (error) {
      throw unusable(layout, each === root ? 'it' : `the folder ${path.basename(each)} in it`, error);
    }
  }
  for (const entry of await readdir(root, { withFileTypes: true })) {
    // To open one waits for another process, for ever.
    if (entry.isFIFO())
      throw new AppError('data_unusable', `${called} cannot be used: ${entry.name} in it is not a file; move it away.`);
  }
  return layout;
}

/** Runs `work`, and begins the sentences about what is wrong in the folder, or that its disk is full, with the folder's name. */
export async function inDataFolder<Result>(folder: DataFolder, work: () => Result | Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (isAppError(error, 'disk_full')) throw fullDisk(folder, error);
    if (!isAppError(error, 'data_unusable', 'unsupported') || error.message.startsWith(folder.called)) throw error;
    throw new AppError(error.code, `${folder.called} cannot be used: ${error.message}`, { cause: error });
  }
}

/** What is wrong with a file or folder that the system does not let us use, and what to do. */
const troubles: Readonly<Record<string, string>> = {
  EEXIST: 'is not a folder; choose another folder, or move that file away',
  ENOTDIR: 'is not a folder, or is below something that is not one; choose another folder',
  EISDIR: 'is a folder where a file should be; move it away',
  EACCES:
    'may not be read and written by the account that runs Soundlift; change its permissions, or choose another folder',
  EPERM:
    'may not be read and written by the account that runs Soundlift; change its permissions, or choose another folder',
  EROFS: 'is on a read-only file system; make that writable, or choose another folder',
  ENOENT: 'cannot be made there; choose another folder',
  ENAMETOOLONG: 'has too long a name; choose another folder',
  ELOOP: 'is a circle of links; choose another folder',
};

/** `disk_full`, or `data_unusable` with the reason. `what` is in the folder, or `it` for the folder itself. */
export function unusable({ called }: Pick<DataFolder, 'called'>, what: string, error: unknown): unknown {
  if (isAppError(translateSystemError(error), 'disk_full')) return fullDisk({ called }, error);
  if (!isSystemError(error) && !(error instanceof TypeError)) return error;
  const code = isSystemError(error) ? error.code : 'ENOENT';
  const trouble = troubles[code] ?? `cannot be used (${code}); choose another folder`;
  return new AppError('data_unusable', `${called} cannot be used: ${what} ${trouble}.`, { cause: error });
}

function fullDisk({ called }: Pick<DataFolder, 'called'>, cause: unknown): AppError {
  if (isAppError(cause, 'disk_full') && cause.message.startsWith(called)) return cause;
  return new AppError('disk_full', `${called} is on a full disk.`, { cause });
}
