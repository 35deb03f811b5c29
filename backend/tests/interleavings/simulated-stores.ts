import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openConversionsDatabase } from '../../adapters/embedded/conversions-database.ts';
import { createSqliteConversionStore } from '../../adapters/embedded/sqlite-conversion-store.ts';
import { createSqliteLeaseStore } from '../../adapters/embedded/sqlite-lease-store.ts';
import { createSqliteNotificationStore } from '../../adapters/embedded/sqlite-notification-store.ts';
import type { ConversionStore } from '../../ports/conversion-store.ts';
import type { LeaseStore } from '../../ports/lease-store.ts';
import type { NotificationStore } from '../../ports/notification-store.ts';

/** The empty stores of one simulation. */
export interface SimulatedStores extends AsyncDisposable {
  readonly conversions: ConversionStore;
  readonly notifications: NotificationStore;
  readonly leases: LeaseStore;
}

export async function openEmbeddedStores(): Promise<SimulatedStores> {
  const folder = await mkdtemp(join(tmpdir(), 'soundlift-interleavings-'));
  const database = openConversionsDatabase(join(folder, 'conversions.db'));
  return {
    conversions: createSqliteConversionStore(database),
    notifications: createSqliteNotificationStore(database),
    leases: createSqliteLeaseStore(database),
    async [Symbol.asyncDispose]() {
      database[Symbol.dispose]();
      await rm(folder, { recursive: true });
    },
  };
}
