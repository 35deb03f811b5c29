import { expect, it } from 'vitest';
import type { Conversion } from '../../../shared/api.ts';
import type { ServerEvent } from '../../../shared/events.ts';
import { createRevisionOrder } from './revision-order.ts';

const changed = (id: string, revision: number): ServerEvent => ({
  type: 'conversion',
  conversion: { id, revision } as Conversion,
});
const progress = (id: string, revision: number): ServerEvent => ({ type: 'progress', id, revision, progress: 0.5 });

it('passes on no event of a conversion that is older than one before, and all others', () => {
  const order = createRevisionOrder();
  const takes = (event: ServerEvent): boolean => order.takes(event);
  expect([changed('a', 3), changed('a', 3), changed('a', 2), changed('b', 1)].map(takes)).toEqual([
    true,
    true,
    false,
    true,
  ]);
  expect([progress('a', 2), progress('a', 3), progress('c', 1)].map(takes)).toEqual([false, true, true]);
  expect(takes({ type: 'removed', ids: ['a'] })).toBe(true);
  expect([changed('a', 4), progress('a', 4)].map(takes)).toEqual([false, false]);
  expect([takes({ type: 'removed', ids: ['a'] }), takes({ type: 'read', ids: ['n'] })]).toEqual([true, true]);
});

it('remembers the conversions that changed last, and takes the same memory however many there are', () => {
  const order = createRevisionOrder();
  order.takes(changed('first', 5));
  for (let number = 0; number < 150; number += 1) order.takes(changed(`other ${number}`, 5));
  expect(order.takes(changed('first', 4))).toBe(false);
  for (let number = 0; number < 1000; number += 1) order.takes(changed(`later ${number}`, 5));
  expect(order.takes(changed('first', 4))).toBe(true);
  expect(order.takes(changed('later 999', 4))).toBe(false);
});
