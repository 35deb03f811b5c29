import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { exampleConversion } from '../../ports/conversion-examples.ts';
import { openStores } from '../../tests/stores/open-stores.ts';
import type { AccountsStores, ConversionsStores, DatabaseName, StoresByDatabase } from './store-calls.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'soundlift-numbers-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** From 2^51 on, SQLite does not store numbers as integers. From 2^53 on, numbers cannot hold all integers. */
const values: readonly bigint[] = [2n ** 51n, 2n ** 53n, 2n ** 60n, 2n ** 63n - 1n, -(2n ** 63n)];

async function withStores<Name extends DatabaseName>(
  name: Name,
  work: (stores: StoresByDatabase[Name]) => Promise<void>,
): Promise<void> {
  await using stores = await openStores(name, path.join(folder, `${name}.db`));
  await work(stores);
}

function damage(name: DatabaseName, sql: string, value: bigint): void {
  using database = new DatabaseSync(path.join(folder, `${name}.db`));
  database.prepare(sql).run(value);
}

async function all<Item>(items: AsyncIterable<Item>): Promise<readonly Item[]> {
  const found: Item[] = [];
  for await (const item of items) found.push(item);
  return found;
}

const notification = (id: string) => ({
  owner: 'anna',
  told: [],
  notification: {
    id,
    kind: 'batch-ended' as const,
    batchId: id,
    conversionIds: [],
    counts: { done: 1, failed: 0, warned: 0 },
    seconds: 1,
    bytes: 1,
    message: 'It has ended.',
    createdAt: '2026-05-04T03:02:01.000Z',
  },
  outboxMail: { revision: 1, tries: 0, due: '2026-05-04T03:02:01.000Z', claimed: false },
});

describe.each(values)('the number %i', (value) => {
  it('does not keep a lease from being taken', async () => {
    await withStores('conversions', async ({ leases }) => {
      expect(await leases.raise('tidy', 0, true)).toBe(true);
      damage('conversions', 'UPDATE leases SET counter = ?', value);
      for (let count = 0; count < 3; count += 1) {
        const { counter } = await leases.read('tidy');
        expect(await leases.raise('tidy', counter, true)).toBe(true);
        expect(await leases.raise('tidy', counter, true)).toBe(false);
      }
      expect((await leases.read('tidy')).held).toBe(true);
    });
  });

  it('ends the session or the code that has it', async () => {
    await withStores('accounts', async ({ sessions, codes }: AccountsStores) => {
      const session = { id: 'one', userId: 'anna', revision: 1, endsAt: '2026-05-04T03:02:01.000Z' };
      await sessions.insert(session);
      await sessions.insert({ ...session, id: 'other' });
      damage('accounts', "UPDATE sessions SET revision = ? WHERE id = 'one'", value);
      expect(await sessions.get('one')).toBeUndefined();
      expect(await sessions.get('other')).toMatchObject({ revision: 1 });
      await sessions.removeAllOf('anna');

      const { userId, endsAt } = session;
      const code = { userId, purpose: 'confirm', hash: 'x', sentAt: endsAt, endsAt, triesLeft: 2 } as const;
      const pause = { from: '2026-05-05', to: '2026-05-06' };
      await codes.put(code, pause);
      damage('accounts', 'UPDATE codes SET tries_left = ?', value);
      expect(await codes.get('anna', 'confirm')).toBeUndefined();
      expect(await codes.put(code, pause)).toBe(true);
      expect(await codes.get('anna', 'confirm')).toEqual(code);
    });
  });

  it('in an account gives no rights and stops no list', async () => {
    await withStores('accounts', async ({ users }) => {
      const user = { passwordHash: 'x', admin: false, confirmed: true, mail: true, createdAt: '2026' };
      for (const id of ['a', 'b']) await users.insert({ ...user, id, email: `${id}@example.org` });
      damage('accounts', "UPDATE users SET admin = ? WHERE id = 'a'", value);
      expect(await users.get('a')).toMatchObject({ admin: false });
      expect(await all(users.list())).toHaveLength(2);
    });
  });

  it.each(['mail_revision', 'mail_tries', 'mail_claimed', 'change'])(
    'as the %s of a notification stops no other',
    async (column) => {
      await withStores('conversions', async ({ notifications, mailOutbox }: ConversionsStores) => {
        const { position: since } = await notifications.changes({ owner: 'anna', limit: 1 });
        for (const id of ['bad', 'good']) await notifications.insert(notification(id));
        damage('conversions', `UPDATE notifications SET ${column} = ? WHERE id = 'bad'`, value);
        const ids = (items: readonly { readonly id: string }[]): readonly string[] => items.map(({ id }) => id);
        expect(ids((await notifications.page({ owner: 'anna', unread: false, limit: 9 })).items)).toContain('good');
        expect(ids((await notifications.changes({ owner: 'anna', since, limit: 9 })).items)).toContain('good');
        expect(ids((await notifications.changesAfter({ owner: 'anna', since, limit: 9 }))?.items ?? [])).toContain(
          'good',
        );
        expect(ids((await all(mailOutbox.list())).map((record) => record.notification))).toContain('good');
        expect(await notifications.get('good')).toMatchObject({ owner: 'anna' });
      });
    },
  );

  it('as the sequence of a notification stops no page', async () => {
    await withStores('conversions', async ({ notifications, mailOutbox }) => {
      for (const id of ['one', 'two', 'three']) await notifications.insert(notification(id));
      damage('conversions', "UPDATE notifications SET sequence = ? WHERE id = 'two'", value);
      const found: string[] = [];
      let cursor: { readonly cursor?: string } = {};
      do {
        const page = await notifications.page({ owner: 'anna', unread: false, limit: 1, ...cursor });
        found.push(...page.items.map(({ id }) => id));
        cursor = page.next === undefined ? {} : { cursor: page.next };
      } while (cursor.cursor !== undefined);
      expect(found.toSorted()).toEqual(['one', 'three', 'two']);
      expect(await all(mailOutbox.list())).toHaveLength(3);
    });
  });

  it.each([
    'UPDATE changes SET latest = ?',
    'UPDATE changes SET forgotten = ?',
    'UPDATE starts SET ordinal = ?',
    "UPDATE sqlite_sequence SET seq = ? WHERE name = 'starts'",
    "UPDATE sqlite_sequence SET seq = ? WHERE name = 'notifications'",
    "UPDATE notifications SET sequence = ? WHERE id = 'one'",
  ])('written by "%s" is mended by the next start', async (sql) => {
    await withStores('conversions', async ({ conversions, notifications }) => {
      for (const id of ['one', 'two']) await notifications.insert(notification(id));
      await conversions.insert(exampleConversion());
    });
    damage('conversions', sql, value);
    await withStores('conversions', async ({ conversions, notifications }) => {
      const stores = { conversions, notifications };
      for (const store of Object.values(stores)) {
        const { position } = await store.changes({ owner: 'anna', limit: 9 });
        expect(position).toMatch(/^[0-9a-f]{16}\.\d$/);
      }
      const { position: since } = await conversions.changes({ owner: 'anna', limit: 9 });
      expect(await conversions.insert(exampleConversion())).toBe(true);
      expect(await conversions.changes({ owner: 'anna', since, limit: 9 })).toMatchObject({ complete: true });
      expect(await notifications.insert(notification('three'))).toBe(true);
      expect((await notifications.page({ owner: 'anna', unread: false, limit: 9 })).items).toHaveLength(3);
    });
  });
});
