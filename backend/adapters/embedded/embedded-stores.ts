import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { type AppError, isAppError } from '../../../shared/errors.ts';
import type { BlobStore } from '../../ports/blob-store.ts';
import { accountsLoss, openAccountsDatabase } from './accounts-database.ts';
import { conversionsLoss } from './conversions-database.ts';
import { type DataFolder, inDataFolder, openDataFolder, unusable } from './data-folder.ts';
import { lockDataFolder, refuseOtherUsers } from './data-folder-lock.ts';
import { openFileBlobStore } from './file-blob-store.ts';
import { makeRoomToStart } from './reserve-file.ts';
import { createSqliteCodeStore } from './sqlite-code-store.ts';
import {
  type DatabaseEvents,
  damagedFile,
  inMemory,
  refuseDamagedLog,
  type SqliteDatabase,
} from './sqlite-database.ts';
import { createSqliteSessionStore } from './sqlite-session-store.ts';
import { createSqliteUserStore } from './sqlite-user-store.ts';
import type { AccountsStores, ConversionsStores } from './store-calls.ts';
import { checkDatabase, startStoreWorker } from './store-worker.ts';
import { limitsAt, noLimits, type SpaceLimits, shareUploadSpace, type UploadSpace } from './volume-space.ts';

/** All stores of the embedded backend. Disposing of it ends the calls in progress, closes the databases, then releases the lock. */
export interface EmbeddedStores extends ConversionsStores, AccountsStores, AsyncDisposable {
  readonly folder: DataFolder;
  readonly limits: SpaceLimits;
  readonly videos: BlobStore;
  readonly mp3s: BlobStore;
  /** Fires if the databases cannot be used any more. The reason is an AppError, which all calls throw from then on. */
  readonly died: AbortSignal;
  /** Reads the databases as a whole, which takes seconds for large ones. Resolves with an AppError if one is damaged. */
  check(): Promise<AppError | undefined>;
}

export interface EmbeddedStoresOptions extends DatabaseEvents {
  /** What sentences about the folder call it. */
  readonly called?: string;
  /** The folder is not used after this process: its databases are in memory, and all of its disk may be used. */
  readonly temporary?: boolean;
}

/**
 * Opens the stores in a data folder, which is made if it is missing, and locks it. Throws `data_in_use` while another server has the
 * folder, `data_unusable` or `unsupported` if something in it cannot be used, and as the stores do. Then it changes no file of it, but
 * on a full disk, the reserve may be smaller.
 */
export async function openEmbeddedStores(
  folderPath: string,
  options: EmbeddedStoresOptions = {},
): Promise<EmbeddedStores> {
  const folder = await openDataFolder(folderPath, options.called);
  return await inDataFolder(folder, () => openStoresIn(folder, options));
}

async function openStoresIn(folder: DataFolder, options: EmbeddedStoresOptions): Promise<EmbeddedStores> {
  const { temporary = false } = options;
  await using opened = new AsyncDisposableStack();
  opened.use(lockDataFolder(folder));
  const hasHistory = !temporary && existsSync(folder.conversionsDatabase);
  if (!temporary) refuseDamage(folder);
  const limits = temporary ? noLimits : limitsAt(folder.path);
  await makeRoomToStart(folder.reserve, limits);
  // One thread for both: another one would take 20 MB.
  const worker = opened.use(startStoreWorker(options));
  const reserve = { file: folder.reserve, bytes: limits.reserve };
  const paths = temporary
    ? { conversions: inMemory, accounts: inMemory }
    : { conversions: folder.conversionsDatabase, accounts: folder.accountsDatabase };
  // First, because opening the other one writes: if one of them cannot be used, both stay as they are.
  const accounts = opened.use(await worker.open('accounts', paths.accounts, reserve));
  if (!temporary) await refuseOtherUsers(folder);
  const conversions = opened.use(await worker.open('conversions', paths.conversions, reserve));
  // A database in memory has only one connection.
  const reading = temporary ? undefined : opened.use(openAccountsDatabase(paths.accounts, options));
  const space = shareUploadSpace(folder.path, limits.uploadFloor);
  const videos = await openBlobs(folder, folder.videos, space, options);
  const mp3s = await openBlobs(folder, folder.mp3s, space, options);
  const stopping = new AbortController();
  opened.defer(() => stopping.abort());
  const kept = opened.move();
  return {
    ...conversions,
    ...(reading === undefined ? accounts : readHere(accounts, reading)),
    folder,
    limits,
    videos,
    mp3s,
    died: worker.died,
    async check() {
      if (!hasHistory) return undefined;
      const files = [folder.conversionsDatabase, folder.accountsDatabase];
      // One after the other, because each takes the memory of a thread.
      for (const file of files) {
        const found = await checkDatabase(file, stopping.signal);
        if (found !== undefined) return found;
      }
      return undefined;
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

async function openBlobs(
  folder: DataFolder,
  blobs: string,
  space: UploadSpace,
  { onSkipped = () => undefined }: EmbeddedStoresOptions,
): Promise<BlobStore> {
  try {
    return await openFileBlobStore(blobs, { space, onSkipped });
  } catch (error) {
    throw unusable(folder, `the folder ${path.basename(blobs)} in it`, isAppError(error) ? error.cause : error);
  }
}

/** Throws `data_unusable` if a database has lost what it held. Reads only. */
function refuseDamage(folder: DataFolder): void {
  refuseCutDatabases(folder);
  for (const database of [folder.conversionsDatabase, folder.accountsDatabase]) refuseDamagedLog(database);
}

/** SQLite takes an empty file for a new database. Then nothing would need the blobs any more, and they would be removed. */
function refuseCutDatabases({ path: root, conversionsDatabase, accountsDatabase, videos, mp3s }: DataFolder): void {
  const isEmpty = (file: string): boolean => statSync(file, { throwIfNoEntry: false })?.size === 0;
  const wasUsed =
    existsSync(path.join(root, 'signing-key')) || readdirSync(videos).length > 0 || readdirSync(mp3s).length > 0;
  if (!wasUsed) return;
  if (isEmpty(conversionsDatabase)) throw damagedFile(path.basename(conversionsDatabase), conversionsLoss);
  if (isEmpty(accountsDatabase)) throw damagedFile(path.basename(accountsDatabase), accountsLoss);
}

/**
 * Reads accounts in this thread. Every request does so, and in the other thread it would wait for the syncs of writes. A read waits for
 * nothing: a row is found by an index in a file that the system has in memory, and readers see only what is durable already. If another
 * process has the file for itself for a moment, the other thread reads, which tries again.
 */
function readHere({ users, sessions, codes }: AccountsStores, database: SqliteDatabase): AccountsStores {
  database.prepare('PRAGMA busy_timeout = 0').get();
  const here = {
    users: createSqliteUserStore(database),
    sessions: createSqliteSessionStore(database),
    codes: createSqliteCodeStore(database),
  };
  return {
    users: {
      ...users,
      get: (id) => orElse(here.users.get(id), () => users.get(id)),
      findByEmail: (email) => orElse(here.users.findByEmail(email), () => users.findByEmail(email)),
    },
    sessions: { ...sessions, get: (id) => orElse(here.sessions.get(id), () => sessions.get(id)) },
    codes: {
      ...codes,
      get: (userId, purpose) => orElse(here.codes.get(userId, purpose), () => codes.get(userId, purpose)),
    },
  };
}

async function orElse<Result>(reading: Promise<Result>, otherwise: () => Promise<Result>): Promise<Result> {
  return await reading.catch((error: unknown) => {
    if (!isAppError(error, 'unavailable')) throw error;
    return otherwise();
  });
}
