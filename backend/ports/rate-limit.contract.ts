import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Limit, RateLimit } from './rate-limit.ts';

/** An empty store, made by an adapter's test. */
export interface RateLimitUnderTest {
  readonly rateLimit: RateLimit;
  /** The same store as another process reaches it; in memory, the same object. */
  readonly peer: RateLimit;
  /** Lets time pass for the store, or moves all its data into the past by the same time. */
  pass(seconds: number): Promise<void>;
  dispose(): Promise<void>;
}

const three: Limit = { count: 3, seconds: 900 };
/** How much real time a test may take between two calls, on a busy machine. */
const slackSeconds = 40;

/** Runs the contract of the port over the limits that `make` makes. */
export function describeRateLimit(name: string, make: () => Promise<RateLimitUnderTest>): void {
  describe(`${name}, as a RateLimit`, () => {
    let underTest: RateLimitUnderTest;
    let rateLimit: RateLimit;
    let peer: RateLimit;
    beforeEach(async () => {
      underTest = await make();
      ({ rateLimit, peer } = underTest);
    });
    afterEach(() => underTest.dispose());

    /** Counts a use and returns its name. */
    async function use(key = 'key', limit = three): Promise<string> {
      const answer = await rateLimit.allow(key, limit);
      if (!answer.allowed) throw new Error(`refused for ${answer.retryAfterSeconds} s`);
      return answer.use;
    }
    async function expectRefusal(seconds: number, key = 'key', limit = three): Promise<void> {
      const answer = await rateLimit.allow(key, limit);
      expect(answer).toEqual({ allowed: false, retryAfterSeconds: expect.any(Number) });
      const { retryAfterSeconds } = answer as { readonly retryAfterSeconds: number };
      expect(Number.isInteger(retryAfterSeconds)).toBe(true);
      expect(retryAfterSeconds).toBeLessThanOrEqual(seconds);
      expect(retryAfterSeconds).toBeGreaterThan(seconds - slackSeconds);
    }

    it('allows as many uses as the limit, and then returns when one more fits', async () => {
      for (let i = 0; i < 3; i += 1) await use();
      await expectRefusal(900);
      await underTest.pass(400);
      await expectRefusal(500);
      await underTest.pass(500);
      await use();
    });

    it('says how many uses of a key there were within a time, from every process', async () => {
      expect(await rateLimit.count('key', 900)).toBe(0);
      await use();
      await underTest.pass(400);
      await use();
      await use('another');
      expect([await peer.count('key', 900), await rateLimit.count('key', 300)]).toEqual([2, 1]);
      await underTest.pass(500);
      expect(await rateLimit.count('key', 900)).toBe(1);
    });

    it('makes room use by use, as each leaves the window', async () => {
      for (let i = 0; i < 3; i += 1) {
        await use();
        await underTest.pass(200);
      }
      await expectRefusal(300);
      await underTest.pass(300);
      await use();
      await expectRefusal(200);
    });

    it('does not count a use that it refuses', async () => {
      for (let i = 0; i < 3; i += 1) await use();
      await underTest.pass(450);
      for (let i = 0; i < 5; i += 1) await expectRefusal(450);
      await underTest.pass(450);
      for (let i = 0; i < 3; i += 1) await use();
    });

    it('allows two processes together what it allows one, however many calls come at once', async () => {
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? rateLimit : peer).allow('key', three)),
      );
      expect(answers.filter(({ allowed }) => allowed)).toHaveLength(3);
      const names = answers.flatMap((answer) => (answer.allowed ? [answer.use] : []));
      expect(new Set(names).size).toBe(3);
    });

    it('uncounts the use that is given back, and no other', async () => {
      const first = await use();
      await underTest.pass(200);
      const second = await use();
      await underTest.pass(200);
      await use();
      await peer.giveBack('key', second);
      await peer.giveBack('key', second);
      await use();
      await expectRefusal(500);
      await rateLimit.giveBack('key', first);
      await use();
      await expectRefusal(900);
    });

    it('ignores a use that has left the window, was forgotten or has another key', async () => {
      const old = await use();
      const other = await use('another key');
      await underTest.pass(900);
      const forgotten = await use();
      await rateLimit.forget('key');
      for (let i = 0; i < 3; i += 1) await use();
      for (const name of [old, forgotten, other]) await rateLimit.giveBack('key', name);
      await expectRefusal(900);
    });

    it('forgets one key for all processes', async () => {
      for (const key of ['key', 'another key']) for (let i = 0; i < 3; i += 1) await use(key);
      await peer.forget('key');
      await peer.forget('a key that nobody used');
      for (let i = 0; i < 3; i += 1) await use();
      await expectRefusal(900);
      await expectRefusal(900, 'another key');
    });

    it.each([
      ['case', 'key', 'KEY'],
      ['blanks at the end', 'key', 'key '],
      ['accents', 'cafe', 'café'],
      ['how an accent is written', 'caf\u00e9', 'cafe\u0301'],
      ['nothing but the last of 5,000 letters', `${'x'.repeat(4999)}y`, `${'x'.repeat(4999)}z`],
      ['one being empty', '', ' '],
    ])('tells keys apart that differ in %s', async (_what, one, other) => {
      const once = { count: 1, seconds: 900 };
      await use(one, once);
      await use(other, once);
      await expectRefusal(900, one, once);
      await expectRefusal(900, other, once);
    });

    it('never allows more than the limit within any window, whatever two processes do at once', async () => {
      const steps = fc.array(
        fc.record({ ends: fc.array(fc.constantFrom('kept', 'given back'), { maxLength: 6 }), hundreds: fc.nat(5) }),
        { maxLength: 12 },
      );
      let run = 0;
      await fc.assert(
        fc.asyncProperty(fc.scheduler(), steps, async (scheduler, plan) => {
          run += 1;
          const key = `key of run ${run}`;
          const limit = { count: 3, seconds: 250 };
          let now = 0;
          const kept: number[] = [];
          for (const { ends, hundreds } of plan) {
            let held = 0;
            const calls = ends.map(async (end, index) => {
              const instance = index % 2 === 0 ? rateLimit : peer;
              await scheduler.schedule(Promise.resolve(), `call ${index}`);
              const answer = await instance.allow(key, limit);
              if (!answer.allowed) return;
              held += 1;
              expect(held + kept.filter((at) => now - at < limit.seconds).length).toBeLessThanOrEqual(limit.count);
              await scheduler.schedule(Promise.resolve(), `end ${index}`);
              held -= 1;
              if (end === 'kept') kept.push(now);
              else await instance.giveBack(key, answer.use);
            });
            await scheduler.waitFor(Promise.all(calls));
            // The counted uses equal the stored ones: no use is lost, none is counted twice.
            const inWindow = kept.filter((at) => now - at < limit.seconds).length;
            const answer = await peer.allow(key, limit);
            expect(answer.allowed).toBe(inWindow < limit.count);
            if (answer.allowed) await rateLimit.giveBack(key, answer.use);
            await underTest.pass(hundreds * 100);
            now += hundreds * 100;
          }
        }),
        { numRuns: 100 },
      );
    });
  });
}
