import type { BlobStore } from '../../ports/blob-store.ts';
import type { CodeStore } from '../../ports/code-store.ts';
import type { ConversionStore } from '../../ports/conversion-store.ts';
import type { LeaseStore } from '../../ports/lease-store.ts';
import type { MailOutboxStore } from '../../ports/mail-outbox-store.ts';
import type { NotificationStore } from '../../ports/notification-store.ts';
import type { SessionStore } from '../../ports/session-store.ts';
import type { UserStore } from '../../ports/user-store.ts';
import { openAccountsDatabase } from './accounts-database.ts';
import { openConversionsDatabase } from './conversions-database.ts';
import { type DataFolder, lockDataFolder, openDataFolder } from './data-folder.ts';
import { openFileBlobStore } from './file-blob-store.ts';
import { createSqliteCodeStore } from './sqlite-code-store.ts';
import { createSqliteConversionStore } from './sqlite-conversion-store.ts';
import { createSqliteLeaseStore } from './sqlite-lease-store.ts';
import { createSqliteMailOutboxStore } from './sqlite-mail-outbox-store.ts';
import { createSqliteNotificationStore } from './sqlite-notification-store.ts';
import { createSqliteSessionStore } from './sqlite-session-store.ts';
import { createSqliteUserStore } from './sqlite-user-store.ts';

/** All stores of the embedded backend. Disposing of it closes the databases and then releases the lock. */
export interface EmbeddedStores extends Disposable {
  readonly folder: DataFolder;
  readonly conversions: ConversionStore;
  readonly notifications: NotificationStore;
  readonly mailOutbox: MailOutboxStore;
  readonly leases: LeaseStore;
  readonly users: UserStore;
  readonly sessions: SessionStore;
  readonly codes: CodeStore;
  readonly videos: BlobStore;
  readonly mp3s: BlobStore;
}

/**
 * Opens the stores in a data folder, which is made if it is missing, and locks it. Throws `data_in_use` while another process has
 * the folder, and as the stores do.
 */
export async function openEmbeddedStores(folderPath: string): Promise<EmbeddedStores> {
  const folder = await openDataFolder(folderPath);
  using opened = new DisposableStack();
  opened.use(lockDataFolder(folder));
  const conversionsDatabase = opened.use(openConversionsDatabase(folder.conversionsDatabase));
  const accountsDatabase = opened.use(openAccountsDatabase(folder.accountsDatabase));
  const videos = await openFileBlobStore(folder.videos);
  const mp3s = await openFileBlobStore(folder.mp3s);
  const kept = opened.move();
  return {
    folder,
    conversions: createSqliteConversionStore(conversionsDatabase),
    notifications: createSqliteNotificationStore(conversionsDatabase),
    mailOutbox: createSqliteMailOutboxStore(conversionsDatabase),
    leases: createSqliteLeaseStore(conversionsDatabase),
    users: createSqliteUserStore(accountsDatabase),
    sessions: createSqliteSessionStore(accountsDatabase),
    codes: createSqliteCodeStore(accountsDatabase),
    videos,
    mp3s,
    [Symbol.dispose]: () => kept.dispose(),
  };
}
