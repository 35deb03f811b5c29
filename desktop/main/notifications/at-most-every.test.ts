import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { atMostEvery } from './at-most-every.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('the first call runs at once, of several within a second only the last runs, and none after the end', () => {
  const run: number[] = [];
  const every = atMostEvery<number>(1000, (what) => run.push(what));
  every.run(1);
  every.run(2);
  every.run(3);
  expect(run).toEqual([1]);
  vi.advanceTimersByTime(1000);
  expect(run).toEqual([1, 3]);
  every.run(4);
  vi.advanceTimersByTime(999);
  expect(run).toEqual([1, 3]);
  vi.advanceTimersByTime(1);
  expect(run).toEqual([1, 3, 4]);
  every.run(5);
  every[Symbol.dispose]();
  vi.advanceTimersByTime(5000);
  expect(run).toEqual([1, 3, 4]);
});
