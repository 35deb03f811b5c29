import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LeaseStore } from './lease-store.ts';

/** An empty store, made by an adapter's test. */
export interface LeaseStoreUnderTest {
  readonly store: LeaseStore;
  /** A second store over the same data, as after a restart. The first is no longer used. */
  reopen(): Promise<LeaseStore>;
  /** Makes the store's storage unavailable, like a server that is down. */
  takeAway(): Promise<void>;
  dispose(): Promise<void>;
}

/** Runs the contract of the port over the stores that `make` makes. */
export function describeLeaseStore(name: string, make: () => Promise<LeaseStoreUnderTest>): void {
  describe(`${name}, as a LeaseStore`, () => {
    let underTest: LeaseStoreUnderTest;
    let store: LeaseStore;
    beforeEach(async () => {
      underTest = await make();
      store = underTest.store;
    });
    afterEach(() => underTest.dispose());

    it('has every lease free at 0 before anyone held it', async () => {
      expect(await store.read('tidy')).toEqual({ counter: 0, held: false });
    });

    it('raises the counter by one with each write', async () => {
      expect(await store.raise('tidy', 0, true)).toBe(true);
      expect(await store.read('tidy')).toEqual({ counter: 1, held: true });
      expect(await store.raise('tidy', 1, true)).toBe(true);
      expect(await store.raise('tidy', 2, false)).toBe(true);
      expect(await store.read('tidy')).toEqual({ counter: 3, held: false });
    });

    it.each([0, 1, 3, 4])('writes nothing for a process that last saw %i if the counter is at 2', async (counter) => {
      await store.raise('tidy', 0, true);
      await store.raise('tidy', 1, true);
      expect(await store.raise('tidy', counter, false)).toBe(false);
      expect(await store.read('tidy')).toEqual({ counter: 2, held: true });
    });

    it('makes no lease for a process that expects a counter of a lease that does not exist', async () => {
      expect(await store.raise('tidy', 5, true)).toBe(false);
      expect(await store.read('tidy')).toEqual({ counter: 0, held: false });
    });

    it('keeps leases of other names apart', async () => {
      await store.raise('tidy', 0, true);
      expect(await store.read('other')).toEqual({ counter: 0, held: false });
      expect(await store.raise('other', 0, true)).toBe(true);
      expect(await store.read('tidy')).toEqual({ counter: 1, held: true });
    });

    it('lets exactly one of many calls succeed that raise the same counter at once', async () => {
      for (let counter = 0; counter < 3; counter++) {
        const won = await Promise.all(Array.from({ length: 20 }, () => store.raise('tidy', counter, true)));
        expect(won.filter(Boolean)).toHaveLength(1);
        expect(await store.read('tidy')).toEqual({ counter: counter + 1, held: true });
      }
    });

    it('has every lease after it is opened again', async () => {
      await store.raise('tidy', 0, true);
      store = await underTest.reopen();
      expect(await store.read('tidy')).toEqual({ counter: 1, held: true });
      expect(await store.raise('tidy', 1, false)).toBe(true);
    });

    it('throws unavailable if its storage cannot be reached', async () => {
      await underTest.takeAway();
      const calls = [() => store.read('tidy'), () => store.raise('tidy', 0, true), () => store.raise('tidy', 1, true)];
      for (const call of calls) await expect(call()).rejects.toMatchObject({ name: 'AppError', code: 'unavailable' });
    });
  });
}
