import type { Db, MongoClient } from 'mongodb';
import type { Clock } from '../../ports/clock.ts';
import type { ConversionStore } from '../../ports/conversion-store.ts';
import type { LeaseStore } from '../../ports/lease-store.ts';
import type { MailOutboxStore } from '../../ports/mail-outbox-store.ts';
import type { NotificationStore } from '../../ports/notification-store.ts';
import type { ReportSkipped } from '../../ports/skipped-item.ts';
import { parseMongoAddress } from './mongo-address.ts';
import { answered } from './mongo-calls.ts';
import { type ChangeNumbers, createChangePositions } from './mongo-changes.ts';
import { readContents } from './mongo-contents.ts';
import {
  type ConversionIndex,
  conversionsTable,
  type StoredConversion,
  takeBackUnreadable,
} from './mongo-conversion-documents.ts';
import { createMongoConversionStore } from './mongo-conversion-store.ts';
import { createMongoLeaseStore, leasesTable } from './mongo-lease-store.ts';
import { createMongoMailOutboxStore } from './mongo-mail-outbox-store.ts';
import { type NotificationIndex, notificationsTable, type StoredNotification } from './mongo-notification-documents.ts';
import { createMongoNotificationStore } from './mongo-notification-store.ts';
import { declareTable, openTable } from './mongo-table.ts';
import { followServerClock } from './server-clock.ts';

/** The stores that share a MongoDB. Disposing of them closes the connections, also those of others that use the client. */
export interface MongoStores extends AsyncDisposable {
  readonly conversions: ConversionStore;
  readonly notifications: NotificationStore;
  readonly mailOutbox: MailOutboxStore;
  readonly leases: LeaseStore;
  /** That of the server, so that all processes have the same time. */
  readonly clock: Clock;
  /** Waits for the majority and its journals with each write, and reads what the majority has, from the primary. */
  readonly client: MongoClient;
}

/**
 * Connects to the MongoDB at `url`, and declares what the stores need in it. Several processes may do that at once. Throws `invalid` for
 * what is no such URL, `unavailable`, and `unsupported` if a newer version has written the database.
 */
export async function openMongoStores(url: string, onSkipped: ReportSkipped = () => {}): Promise<MongoStores> {
  const { client, database } = parseMongoAddress(url);
  try {
    const stores = await createMongoStores(client.db(database), onSkipped);
    const clock = await followServerClock(() => readTime(client));
    return {
      ...stores,
      client,
      clock,
      async [Symbol.asyncDispose]() {
        clock[Symbol.dispose]();
        await client.close();
      },
    };
  } catch (error) {
    await client.close();
    throw error;
  }
}

/** https://www.mongodb.com/docs/manual/reference/command/hello/#mongodb-data-hello.localTime */
async function readTime(client: MongoClient): Promise<number> {
  const { localTime } = await answered(client.db('admin').command({ hello: 1 }));
  return Number(localTime);
}

/** The stores in a database of a client that {@link parseMongoAddress} made. */
export async function createMongoStores(
  database: Db,
  onSkipped: ReportSkipped,
): Promise<Pick<MongoStores, 'conversions' | 'notifications' | 'mailOutbox' | 'leases'>> {
  const { name: contents } = await readContents(database);
  await declareTable(database, conversionsTable);
  await declareTable(database, notificationsTable);
  const conversions = openTable<StoredConversion, ConversionIndex>(database, conversionsTable);
  const notifications = openTable<StoredNotification, NotificationIndex>(database, notificationsTable);
  const numbersOf = (name: string) => openTable<ChangeNumbers>(database, { name, indexes: {} });
  await takeBackUnreadable(conversions, onSkipped);
  return {
    conversions: createMongoConversionStore({
      table: conversions,
      positions: createChangePositions({
        table: conversions,
        numbers: numbersOf('conversion_changes'),
        owner: 'row.owner',
        contents,
      }),
      onSkipped,
    }),
    notifications: createMongoNotificationStore({
      table: notifications,
      positions: createChangePositions({
        table: notifications,
        numbers: numbersOf('notification_changes'),
        owner: 'owner',
        contents,
      }),
      onSkipped,
    }),
    mailOutbox: createMongoMailOutboxStore(notifications, onSkipped),
    leases: createMongoLeaseStore(openTable(database, leasesTable)),
  };
}
