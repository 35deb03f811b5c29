import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { describeOwedMailStore } from '../../ports/owed-mail-store.contract.ts';
import { openConversionsDatabase } from './conversions-database.ts';
import { rememberPlans } from './query-plans.ts';
import { createSqliteNotificationStore } from './sqlite-notification-store.ts';
import { createSqliteOwedMailStore } from './sqlite-owed-mail-store.ts';

describeOwedMailStore('SQLite', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'soundlift-mails-'));
  const file = path.join(folder, 'conversions.db');
  let database = openConversionsDatabase(file);
  const stores = () => ({
    mails: createSqliteOwedMailStore(database),
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

it('finds owed mails in SQLite by an index, in its order', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'soundlift-mails-'));
  try {
    using database = rememberPlans(openConversionsDatabase(path.join(folder, 'conversions.db')));
    const mails = createSqliteOwedMailStore(database);
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
