import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CodeRecord, CodeStore } from './code-store.ts';

/** An empty store, made by an adapter's test. */
export interface CodeStoreUnderTest {
  readonly store: CodeStore;
  /** A second store over the same data, as after a restart. The first is no longer used. */
  reopen(): Promise<CodeStore>;
  /** Makes the store's storage unavailable, like a server that is down. */
  takeAway(): Promise<void>;
  dispose(): Promise<void>;
}

function example(given: Partial<CodeRecord> = {}): CodeRecord {
  return {
    userId: 'anna',
    purpose: 'confirm',
    hash: 'a hash',
    sentAt: '2026-05-04T03:00:00.000Z',
    endsAt: '2026-05-04T03:15:00.000Z',
    triesLeft: 2,
    ...given,
  };
}

const before = '2026-05-04T02:59:59.999Z';
const to = '2026-05-04T03:01:30.000Z';
/** The example was sent within this. */
const pause = { from: before, to };

/** Runs the contract of the port over the stores that `make` makes. */
export function describeCodeStore(name: string, make: () => Promise<CodeStoreUnderTest>): void {
  describe(`${name}, as a CodeStore`, () => {
    let underTest: CodeStoreUnderTest;
    let store: CodeStore;
    beforeEach(async () => {
      underTest = await make();
      store = underTest.store;
    });
    afterEach(() => underTest.dispose());

    it('keeps one code of each purpose for each account, also after it is opened again', async () => {
      const all = [example(), example({ purpose: 'reset' }), example({ userId: 'bert', hash: 'another' })];
      for (const code of all) expect(await store.put(code, pause)).toBe(true);
      store = await underTest.reopen();
      for (const code of all) expect(await store.get(code.userId, code.purpose)).toEqual(code);
      expect(await store.get('bert', 'reset')).toBeUndefined();
    });

    it('replaces a code that was not sent too recently', async () => {
      await store.put(example(), pause);
      const next = example({ hash: 'next', sentAt: '2026-05-04T03:00:30.000Z', triesLeft: 5 });
      expect(await store.put(next, pause)).toBe(false);
      expect(await store.get('anna', 'confirm')).toEqual(example());
      expect(await store.put(next, { from: example().sentAt, to })).toBe(true);
      expect(await store.get('anna', 'confirm')).toEqual(next);
    });

    it('replaces a code that was sent before the clock was put back', async () => {
      await store.put(example(), pause);
      const next = example({ hash: 'next', sentAt: '2026-05-04T02:00:00.000Z' });
      expect(await store.put(next, { from: before, to: '2026-05-04T03:00:00.000Z' })).toBe(false);
      expect(await store.put(next, { from: before, to: '2026-05-04T02:59:59.999Z' })).toBe(true);
      expect(await store.get('anna', 'confirm')).toEqual(next);
    });

    it('lets one of many succeed that are put at once', async () => {
      const codes = Array.from({ length: 10 }, (_, index) => example({ hash: String(index) }));
      const results = await Promise.all(codes.map((code) => store.put(code, pause)));
      expect(results.filter(Boolean)).toHaveLength(1);
      expect(await store.get('anna', 'confirm')).toEqual(codes[results.indexOf(true)]);
    });

    it('gives no more tries than there are, however many calls come at once', async () => {
      await store.put(example({ triesLeft: 3 }), pause);
      const results = await Promise.all(Array.from({ length: 10 }, () => store.takeTry('anna', 'confirm')));
      expect(results.filter(Boolean)).toHaveLength(3);
      expect(await store.get('anna', 'confirm')).toMatchObject({ triesLeft: 0 });
      expect(await store.takeTry('anna', 'reset')).toBe(false);
    });

    it('lets a code be used once, and only with its own hash', async () => {
      await store.put(example(), pause);
      expect(await store.use('anna', 'confirm', 'another hash')).toBe(false);
      expect(await store.use('anna', 'reset', 'a hash')).toBe(false);
      const results = await Promise.all(Array.from({ length: 5 }, () => store.use('anna', 'confirm', 'a hash')));
      expect(results.filter(Boolean)).toHaveLength(1);
      expect(await store.get('anna', 'confirm')).toBeUndefined();
    });

    it('removes the codes of one account, and those that expired before a given time', async () => {
      await store.put(example(), pause);
      await store.put(example({ purpose: 'reset' }), pause);
      await store.put(example({ userId: 'bert' }), pause);
      await store.put(example({ userId: 'cleo', endsAt: '2026-05-04T03:15:00.001Z' }), pause);
      await store.removeAllOf('anna');
      expect(await store.get('anna', 'confirm')).toBeUndefined();
      expect(await store.get('anna', 'reset')).toBeUndefined();
      await store.removeEnded('2026-05-04T03:15:00.001Z');
      expect(await store.get('bert', 'confirm')).toBeUndefined();
      expect(await store.get('cleo', 'confirm')).toBeDefined();
    });

    it('throws unavailable if its storage cannot be reached', async () => {
      await underTest.takeAway();
      const calls = [
        () => store.put(example(), pause),
        () => store.get('anna', 'confirm'),
        () => store.takeTry('anna', 'confirm'),
        () => store.use('anna', 'confirm', 'a hash'),
        () => store.removeAllOf('anna'),
        () => store.removeEnded(before),
      ];
      for (const call of calls) await expect(call()).rejects.toMatchObject({ name: 'AppError', code: 'unavailable' });
    });
  });
}
