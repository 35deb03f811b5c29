import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { exampleUser as example } from './user-examples.ts';
import type { UserChanges, UserRecord, UserStore } from './user-store.ts';

/** An empty store, made by an adapter's test. */
export interface UserStoreUnderTest {
  readonly store: UserStore;
  /** A second store over the same data, as after a restart. The first is no longer used. */
  reopen(): Promise<UserStore>;
  /** Makes the store's storage unavailable, like a server that is down. */
  takeAway(): Promise<void>;
  dispose(): Promise<void>;
}

/** Runs the contract of the port over the stores that `make` makes. */
export function describeUserStore(name: string, make: () => Promise<UserStoreUnderTest>): void {
  describe(`${name}, as a UserStore`, () => {
    let underTest: UserStoreUnderTest;
    let store: UserStore;
    beforeEach(async () => {
      underTest = await make();
      store = underTest.store;
    });
    afterEach(() => underTest.dispose());

    async function listed(): Promise<readonly UserRecord[]> {
      const users: UserRecord[] = [];
      for await (const user of store.list()) users.push(user);
      return users;
    }

    it('returns an account by id and by e-mail address in any case', async () => {
      const anna = example('anna', { admin: true });
      const bert = example('bert');
      await store.insert(anna);
      await store.insert(bert);
      expect(await store.get(anna.id)).toEqual(anna);
      expect(await store.get(bert.id)).toEqual(bert);
      for (const email of ['anna@example.org', 'Anna@Example.ORG'])
        expect(await store.findByEmail(email)).toEqual(anna);
    });

    it('finds no account that was never made', async () => {
      await store.insert(example('anna'));
      expect(await store.get('never')).toBeUndefined();
      for (const email of ['never@example.org', 'anna', '%', ''])
        expect(await store.findByEmail(email)).toBeUndefined();
    });

    it('refuses an e-mail address or an id that is taken, and keeps the account that has it', async () => {
      const anna = example('anna');
      await store.insert(anna);
      for (const other of [example('bert', { id: anna.id }), example('bert', { email: anna.email })]) {
        await expect(store.insert(other)).rejects.toMatchObject({ name: 'AppError', code: 'taken' });
      }
      expect(await listed()).toEqual([anna]);
    });

    it('lets one of many calls succeed that take the same e-mail address at once', async () => {
      const users = Array.from({ length: 10 }, (_, index) => example('anna', { id: `id-${index}` }));
      const results = await Promise.allSettled(users.map((user) => store.insert(user)));
      const winners = users.filter((_, index) => results[index]?.status === 'fulfilled');
      expect(winners).toHaveLength(1);
      for (const result of results) {
        if (result.status === 'rejected') expect(result.reason).toMatchObject({ name: 'AppError', code: 'taken' });
      }
      expect(await listed()).toEqual(winners);
    });

    it.each<UserChanges>([
      { passwordHash: '$argon2id$other' },
      { confirmed: true },
      { mail: false },
      { passwordHash: '$argon2id$other', confirmed: true, mail: false },
      {},
    ])('changes of one account what is given, and nothing else: %j', async (changes) => {
      const anna = example('anna');
      const bert = example('bert');
      await store.insert(anna);
      await store.insert(bert);
      expect(await store.update(anna.id, changes)).toBe(true);
      // Repeating the same change is not an error.
      expect(await store.update(anna.id, changes)).toBe(true);
      expect(await store.update('never', changes)).toBe(false);
      expect(await listed()).toEqual([{ ...anna, ...changes }, bert]);
    });

    it('can undo a change', async () => {
      const anna = example('anna');
      await store.insert(anna);
      await store.update(anna.id, { confirmed: true, mail: false });
      await store.update(anna.id, { confirmed: false, mail: true });
      expect(await store.get(anna.id)).toEqual(anna);
    });

    it('removes one account, whose e-mail address is then free', async () => {
      const anna = example('anna');
      const bert = example('bert');
      await store.insert(anna);
      await store.insert(bert);
      await store.remove(anna.id);
      await store.remove(anna.id);
      expect(await store.get(anna.id)).toBeUndefined();
      expect(await store.findByEmail(anna.email)).toBeUndefined();
      await store.insert({ ...anna, id: 'another' });
      expect(await listed()).toEqual([{ ...anna, id: 'another' }, bert]);
    });

    it('lists all accounts by e-mail address, more than one portion', async () => {
      expect(await listed()).toEqual([]);
      const users = Array.from({ length: 450 }, (_, index) => example(`user${(index * 7919) % 1000}`));
      await Promise.all(users.map((user) => store.insert(user)));
      const byEmail = users.toSorted((one, other) => (one.email < other.email ? -1 : 1));
      expect(await listed()).toEqual(byEmail);
    });

    it('has everything after it is opened again', async () => {
      const anna = example('anna');
      await store.insert(anna);
      await store.update(anna.id, { passwordHash: '$argon2id$other' });
      store = await underTest.reopen();
      expect(await store.findByEmail(anna.email)).toEqual({ ...anna, passwordHash: '$argon2id$other' });
    });

    it('throws unavailable if its storage cannot be reached', async () => {
      const anna = example('anna');
      await store.insert(anna);
      await underTest.takeAway();
      const calls = [
        () => store.insert(example('bert')),
        () => store.get(anna.id),
        () => store.findByEmail(anna.email),
        () => store.update(anna.id, { mail: false }),
        () => store.remove(anna.id),
        () => listed(),
      ];
      for (const call of calls) await expect(call()).rejects.toMatchObject({ name: 'AppError', code: 'unavailable' });
    });
  });
}
