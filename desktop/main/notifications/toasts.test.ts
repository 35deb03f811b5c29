import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createToasts } from './toasts.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('a toast can be pressed once, and then disappears', () => {
  const calls: string[] = [];
  using toasts = createToasts(() => undefined);
  toasts.show({ text: 'Removed', act: () => calls.push('act'), onGone: () => calls.push('gone') });
  const [toast] = toasts.all();
  toasts.act(toast?.id ?? '');
  toasts.act(toast?.id ?? '');
  expect(calls).toEqual(['act', 'gone']);
  expect(toasts.all()).toEqual([]);
});

test('a toast disappears after a minute at most, and a fourth replaces the oldest', () => {
  const gone: string[] = [];
  using toasts = createToasts(() => undefined);
  for (const text of ['1', '2', '3', '4']) toasts.show({ text, onGone: () => gone.push(text) });
  expect(gone).toEqual(['1']);
  vi.advanceTimersByTime(59_000);
  expect(toasts.all().map(({ text }) => text)).toEqual(['2', '3', '4']);
  vi.advanceTimersByTime(1000);
  expect(gone).toEqual(['1', '2', '3', '4']);
});
