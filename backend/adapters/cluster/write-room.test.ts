import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createWriteRoom } from './write-room.ts';

it('lets writers in, in their order, while their bytes fit', async () => {
  const room = createWriteRoom(10);
  const entered: string[] = [];
  const enter = async (name: string, bytes: number): Promise<Disposable> => {
    const taken = await room.take(bytes);
    entered.push(name);
    return taken;
  };
  const [first, second, large, last] = [enter('first', 6), enter('second', 4), enter('large', 20), enter('last', 1)];
  await setImmediate();
  expect(entered).toEqual(['first', 'second']);
  (await first)[Symbol.dispose]();
  await setImmediate();
  expect(entered).toEqual(['first', 'second']);
  (await second)[Symbol.dispose]();
  await setImmediate();
  expect(entered).toEqual(['first', 'second', 'large']);
  (await large)[Symbol.dispose]();
  await last;
  expect(entered).toEqual(['first', 'second', 'large', 'last']);
});
