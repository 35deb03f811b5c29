import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { describeMailOutboxStore } from '../../ports/mail-outbox-store.contract.ts';
import { openStores } from '../../tests/stores/open-stores.ts';
import { rememberPlans } from '../../tests/stores/query-plans.ts';
import { openConversionsDatabase } from './conversions-database.ts';
import { createSqliteMailOutboxStore } from './sqlite-mail-outbox-store.ts';

describeMailOutboxStore('SQLite', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'soundlift-mails-'));
  const file = path.join(folder, 'conversions.db');
  let stores = await openStores('conversions', file);
  const both = () => ({ mails: stores.mailOutbox, notifications: stores.notifications });
  return {
    ...both(),
    async reopen() {
      await stores[Symbol.asyncDispose]();
      stores = await openStores('conversions', file);
      return both();
    },
    async takeAway() {
      await stores[Symbol.asyncDispose]();
    },
    async dispose() {
      await stores[Symbol.asyncDispose]();
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
