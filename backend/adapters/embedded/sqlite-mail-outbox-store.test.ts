import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { describeMailOutboxStore } from '../../ports/mail-outbox-store.contract.ts';
import { rememberPlans } from '../../tests/stores/query-plans.ts';
import { openConversionsDatabase } from './conversions-database.ts';
import { createSqliteMailOutboxStore } from './sqlite-mail-outbox-store.ts';
import { createSqliteNotificationStore } from './sqlite-notification-store.ts';

describeMailOutboxStore('SQLite', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'soundlift-mails-'));
  const file = path.join(folder, 'conversions.db');
  let database = openConversionsDatabase(file);
  const stores = () => ({
    mails: createSqliteMailOutboxStore(database),
    notifications: createSqliteNotificationStore(database),
  });
  return {
    ...stores(),
    async reopen() {
      database[Symbol.dispose]();
      database = openConversionsDatabase(file);
      return stores();
    },
    async takeAway() {
      database[Symbol.dispose]();
    },
    async dispose() {
      database[Symbol.dispose]();
      await rm(folder, { recursive: true });
    },
  };
});

it('finds the mails of the outbox in SQLite by an index, in its order', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'soundlift-mails-'));
  try {
    using database = rememberPlans(openConversionsDatabase(path.join(folder, 'conversions.db')));
    const mails = createSqliteMailOutboxStore(database);
    await mails.list()[Symbol.asyncIterator]().next();
    await mails.replace('never', 0, 'sent');
    const steps = database.plans().flatMap((plan) => plan.steps);
    expect(steps).toEqual([
      expect.stringContaining('SEARCH notifications USING INDEX notifications_owed_mail'),
      expect.stringMatching(/^SEARCH notifications USING INDEX .*\(id=\?\)$/),
    ]);
  } finally {
    await rm(folder, { recursive: true });
  }
});
