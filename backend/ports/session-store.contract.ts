import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SessionRecord, SessionStore } from './session-store.ts';

/** An empty store, made by an adapter's test. */
export interface SessionStoreUnderTest {
  readonly store: SessionStore;
  /** A second store over the same data, as after a restart. The first is no longer used. */
  reopen(): Promise<SessionStore>;
  /** Makes the store's storage unavailable, like a server that is down. */
  takeAway(): Promise<void>;
  dispose(): Promise<void>;
}

function example(id: string, given: Partial<SessionRecord> = {}): SessionRecord {
  return { id, userId: 'anna', revision: 1, endsAt: '2026-05-04T03:02:01.000Z', ...given };
}

const tokens = { family: 'f', unused: ['c', 'd'], used: [{ hash: 'b', at: '2026-05-04T03:00:00.000Z' }] };

/** Runs the contract of the port over the stores that `make` makes. */
export function describeSessionStore(name: string, make: () => Promise<SessionStoreUnderTest>): void {
  describe(`${name}, as a SessionStore`, () => {
    let underTest: SessionStoreUnderTest;
    let store: SessionStore;
    beforeEach(async () => {
      underTest = await make();
      store = underTest.store;
    });
    afterEach(() => underTest.dispose());

    it('returns what it was given, also after it is opened again', async () => {
      const session = example('one', { revision: 7, tokens });
      await store.insert(session);
      await store.insert(example('other'));
      expect(await store.get('one')).toEqual(session);
      store = await underTest.reopen();
      expect(await store.get('one')).toEqual(session);
      expect(await store.get('other')).toEqual(example('other'));
      expect(await store.get('never')).toBeUndefined();
    });

    it('refuses an id that is taken, and keeps the session that has it', async () => {
      await store.insert(example('one'));
      await expect(store.insert(example('one', { userId: 'bert' }))).rejects.toMatchObject({ code: 'taken' });
      expect(await store.get('one')).toEqual(example('one'));
    });

    it('replaces a session at the expected revision, and no other', async () => {
      await store.insert(example('one', { tokens }));
      const moved = { ...tokens, unused: ['e'] };
      const next = example('one', { revision: 2, tokens: moved, endsAt: '2026-06-04T03:02:01.000Z' });
      expect(await store.replace(next, 1)).toBe(true);
      expect(await store.get('one')).toEqual(next);
      expect(await store.replace(example('one', { revision: 3 }), 1)).toBe(false);
      expect(await store.replace(example('never', { revision: 2 }), 1)).toBe(false);
      expect(await store.get('one')).toEqual(next);
    });

    it('lets one of many calls succeed that replace it at once', async () => {
      await store.insert(example('one'));
      const tries = Array.from({ length: 10 }, (_, index) =>
        example('one', { revision: 2, tokens: { ...tokens, unused: [String(index)] } }),
      );
      const results = await Promise.all(tries.map((one) => store.replace(one, 1)));
      expect(results.filter(Boolean)).toHaveLength(1);
      expect(await store.get('one')).toEqual(tries[results.indexOf(true)]);
    });

    it('removes one session, or all of one account except one', async () => {
      for (const id of ['one', 'two', 'three']) await store.insert(example(id));
      await store.insert(example('of bert', { userId: 'bert' }));
      await store.remove('one');
      await store.remove('one');
      expect(await store.get('one')).toBeUndefined();
      await store.removeAllOf('anna', 'three');
      expect(await store.get('two')).toBeUndefined();
      expect(await store.get('three')).toEqual(example('three'));
      await store.removeAllOf('anna');
      expect(await store.get('three')).toBeUndefined();
      expect(await store.get('of bert')).toBeDefined();
    });

    it('removes sessions that expired before a given time', async () => {
      await store.insert(example('ended', { endsAt: '2026-05-04T03:02:00.999Z' }));
      await store.insert(example('not yet'));
      await store.removeEnded('2026-05-04T03:02:01.000Z');
      expect(await store.get('ended')).toBeUndefined();
      expect(await store.get('not yet')).toBeDefined();
    });

    it('throws unavailable if its storage cannot be reached', async () => {
      await underTest.takeAway();
      const calls = [
        () => store.insert(example('one')),
        () => store.get('one'),
        () => store.replace(example('one'), 1),
        () => store.remove('one'),
        () => store.removeAllOf('anna'),
        () => store.removeEnded('2026-05-04T03:02:01.000Z'),
      ];
      for (const call of calls) await expect(call()).rejects.toMatchObject({ name: 'AppError', code: 'unavailable' });
    });
  });
}
