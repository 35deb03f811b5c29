import { expect, test } from 'vitest';
import { stayAwake } from './stay-awake.ts';

test('the computer is kept awake while there is work', () => {
  const calls: string[] = [];
  const awake = stayAwake({
    start(kind) {
      calls.push(`start ${kind}`);
      return 7;
    },
    stop(id) {
      calls.push(`stop ${id}`);
      return true;
    },
  });
  for (const isWorking of [false, true, true, false, false, true]) awake.working(isWorking);
  awake[Symbol.dispose]();
  const one = ['start prevent-app-suspension', 'stop 7'];
  expect(calls).toEqual([...one, ...one]);
});
