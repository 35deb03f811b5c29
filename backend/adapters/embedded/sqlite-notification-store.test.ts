import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { describeNotificationStore } from '../../ports/notification-store.contract.ts';
import { openStores } from '../../tests/stores/open-stores.ts';
import { rememberPlans } from '../../tests/stores/query-plans.ts';
import { steppedStore } from '../../tests/stores/stepped-store.ts';
import { toCursor } from '../stored-rows/page-cursor.ts';
import { openConversionsDatabase } from './conversions-database.ts';
import { createSqliteNotificationStore } from './sqlite-notification-store.ts';

describeNotificationStore('SQLite', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'soundlift-notifications-'));
  const file = path.join(folder, 'conversions.db');
  // Opened first: positions belong to the latest start.
  const database = openConversionsDatabase(file);
  let stores = await openStores('conversions', file);
  return {
    store: stores.notifications,
    stepped: (step) => steppedStore(database, createSqliteNotificationStore, step),
    async reopen() {
      await stores[Symbol.asyncDispose]();
      stores = await openStores('conversions', file);
      return stores.notifications;
    },
    async takeAway() {
      await stores[Symbol.asyncDispose]();
    },
    async dispose() {
      database[Symbol.dispose]();
      await stores[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
});

it('finds notifications in SQLite by an index, in its order, for every query', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'soundlift-notifications-'));
  try {
    using database = rememberPlans(openConversionsDatabase(path.join(folder, 'conversions.db')));
    const store = createSqliteNotificationStore(database);
    const cursor = toCursor(['2026-05-04T03:02:01.000Z', 1]);
    for (const unread of [true, false]) {
      await store.page({ owner: 'anna', limit: 1, unread });
      await store.page({ owner: 'anna', limit: 1, unread, cursor });
    }
    const { position } = await store.changes({ owner: 'anna', limit: 1 });
    await store.changes({ owner: 'anna', since: position, limit: 1 });
    await store.removeBefore('2026-05-04T03:02:01.000Z', 1);
    await store.changesAfter({ owner: 'anna', since: position, limit: 1 });
    const plans = database.plans().filter(({ steps }) => steps.length > 0);
    expect(plans).toHaveLength(15);
    const read = plans.find(({ sql }) => sql.includes('SET read_at'));
    expect(read?.steps[0]).toMatch(/^SEARCH notifications USING INDEX \S+ \(id=\?\)$/);
    for (const { sql, steps } of plans) {
      for (const step of steps) {
        // The ids to mark are a list from the caller, not a table.
        expect(step, sql).toMatch(
          /^(SEARCH (notifications|changes|starts) USING (COVERING |INTEGER PRIMARY )?(INDEX|KEY) |SEARCH starts$|SCALAR SUBQUERY \d$|LIST SUBQUERY|SCAN json_each|CREATE BLOOM)/,
        );
      }
    }
  } finally {
    await rm(folder, { recursive: true });
  }
});
