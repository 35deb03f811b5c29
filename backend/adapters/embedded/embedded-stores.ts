import type { BlobStore } from '../../ports/blob-store.ts';
import { openAccountsDatabase } from './accounts-database.ts';
import { type DataFolder, lockDataFolder, openDataFolder } from './data-folder.ts';
import { openFileBlobStore } from './file-blob-store.ts';
import { makeRoomToStart } from './reserve-file.ts';
import { createSqliteCodeStore } from './sqlite-code-store.ts';
import { inMemory, type SqliteDatabase } from './sqlite-database.ts';
import { createSqliteSessionStore } from './sqlite-session-store.ts';
import { createSqliteUserStore } from './sqlite-user-store.ts';
import type { AccountsStores, ConversionsStores } from './store-calls.ts';
import { startStoreWorker } from './store-worker.ts';
import { limitsAt, noLimits, type SpaceLimits, shareUploadSpace } from './volume-space.ts';

/** All stores of the embedded backend. Disposing of it ends the calls in progress, closes the databases, then releases the lock. */
export interface EmbeddedStores extends ConversionsStores, AccountsStores, AsyncDisposable {
  readonly folder: DataFolder;
  readonly limits: SpaceLimits;
  readonly videos: BlobStore;
  readonly mp3s: BlobStore;
  /** Fires if the databases cannot be used any more. The reason is an AppError, which all calls throw from then on. */
  readonly died: AbortSignal;
}

/**
 * Opens the stores in a data folder, which is made if it is missing, and locks it. Throws `data_in_use` while another process has
 * the folder, and as the stores do. A temporary folder is not used after this process, so its databases are in memory, and all of
 * its disk may be used.
 */
export async function openEmbeddedStores(
  folderPath: string,
  { temporary = false }: { readonly temporary?: boolean } = {},
): Promise<EmbeddedStores> {
  const folder = await openDataFolder(folderPath);
  await using opened = new AsyncDisposableStack();
  opened.use(lockDataFolder(folder));
  const limits = temporary ? noLimits : limitsAt(folder.path);
  await makeRoomToStart(folder.reserve, limits);
  // One thread for both: another one would take 20 MB.
  const worker = opened.use(startStoreWorker());
  const reserve = { file: folder.reserve, bytes: limits.reserve };
  const paths = temporary
    ? { conversions: inMemory, accounts: inMemory }
    : { conversions: folder.conversionsDatabase, accounts: folder.accountsDatabase };
  const conversions = opened.use(await worker.open('conversions', paths.conversions, reserve));
  const accounts = opened.use(await worker.open('accounts', paths.accounts, reserve));
  const space = shareUploadSpace(folder.path, limits.uploadFloor);
  const videos = await openFileBlobStore(folder.videos, space);
  const mp3s = await openFileBlobStore(folder.mp3s, space);
  const reading = temporary ? undefined : opened.use(openAccountsDatabase(folder.accountsDatabase));
  const kept = opened.move();
  return {
    ...conversions,
    ...(reading === undefined ? accounts : readHere(accounts, reading)),
    folder,
    limits,
    videos,
    mp3s,
    died: worker.died,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/**
 * Reads accounts in this thread. Every request does so, and in the other thread it would wait for the syncs of writes. A read waits for
 * nothing: a row is found by an index in a file that the system has in memory, and readers see only what is durable already.
 */
function readHere({ users, sessions, codes }: AccountsStores, database: SqliteDatabase): AccountsStores {
  database.prepare('PRAGMA busy_timeout = 0').get();
  const { get, findByEmail } = createSqliteUserStore(database);
  return {
    users: { ...users, get, findByEmail },
    sessions: { ...sessions, get: createSqliteSessionStore(database).get },
    codes: { ...codes, get: createSqliteCodeStore(database).get },
  };
}
