import { expect, it } from 'vitest';
import { describeRateLimit } from '../../ports/rate-limit.contract.ts';
import { createMemoryRateLimit } from './memory-rate-limit.ts';

function heldClock() {
  let seconds = 1000;
  return {
    clock: { now: () => new Date(0), monotonicSeconds: () => seconds },
    pass(more: number) {
      seconds += more;
    },
  };
}

describeRateLimit('memory', async () => {
  const { clock, pass } = heldClock();
  const rateLimit = createMemoryRateLimit(clock);
  return { rateLimit, peer: rateLimit, pass: async (seconds) => pass(seconds), dispose: async () => undefined };
});

it('returns to the second when one more use fits', async () => {
  const { clock, pass } = heldClock();
  const rateLimit = createMemoryRateLimit(clock);
  const once = { count: 1, seconds: 900 };
  const wait = async (): Promise<number> => {
    const answer = await rateLimit.allow('key', once);
    return answer.allowed ? 0 : answer.retryAfterSeconds;
  };
  expect(await wait()).toBe(0);
  expect(await wait()).toBe(900);
  pass(899.5);
  expect(await wait()).toBe(1);
  pass(0.5);
  expect(await wait()).toBe(0);
});

it('keeps the most recently used keys, however many there are', async () => {
  const rateLimit = createMemoryRateLimit(heldClock().clock, 10);
  const twice = { count: 2, seconds: 900 };
  const isFull = async (key: string): Promise<boolean> => !(await rateLimit.allow(key, twice)).allowed;
  for (const key of ['first', 'second', 'second', 'first']) await rateLimit.allow(key, twice);
  for (let i = 0; i < 8; i += 1) await rateLimit.allow(`made up ${i}`, twice);
  expect([await isFull('first'), await isFull('second')]).toEqual([true, false]);
});

it('drops nothing for a use that it refuses, and has room again after a use was given back', async () => {
  const rateLimit = createMemoryRateLimit(heldClock().clock, 3);
  const once = { count: 1, seconds: 900 };
  await rateLimit.allow('first', once);
  await rateLimit.allow('second', once);
  for (let i = 0; i < 5; i += 1) {
    await rateLimit.allow('second', once);
    const answer = await rateLimit.allow(`made up ${i}`, once);
    if (answer.allowed) await rateLimit.giveBack(`made up ${i}`, answer.use);
  }
  expect(await rateLimit.allow('first', once)).toMatchObject({ allowed: false });
});
