import { expect, it } from 'vitest';
import { isAppError } from '../../shared/errors.ts';
import { createHashingTurns, type HashingTurn } from './hashing-turns.ts';

/** Turns of which one runs at a time. Tasks are named; `log` lists them as they run, and `end` ends the one that runs. */
function makeTurns({ waitingPerClient = 100, waitingInAll = 100 } = {}) {
  const turns = createHashingTurns({ running: 1, waitingPerClient, waitingInAll });
  const log: string[] = [];
  const refused: string[] = [];
  let end = (): void => {};
  function add(name: string, turn: HashingTurn): void {
    turns
      .run(turn, async () => {
        log.push(name);
        await new Promise<void>((resolve) => {
          end = resolve;
        });
      })
      .catch((error: unknown) => {
        if (!isAppError(error, 'too_many')) throw error;
        refused.push(name);
      });
  }
  async function runAll(count: number): Promise<void> {
    for (let i = 0; i < count; i += 1) {
      while (log.length <= i) await new Promise((resolve) => setImmediate(resolve));
      end();
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  return { add, runAll, log, refused };
}

it('clients take turns, however many tasks one of them has', async () => {
  const { add, runAll, log } = makeTurns();
  for (let i = 0; i < 50; i += 1) add(`flood ${i}`, { client: 'one place' });
  add('honest', { client: 'another' });
  await runAll(51);
  expect(log.indexOf('honest')).toBeLessThanOrEqual(2);
});

it('a sign-in goes before the sign-ups of the same client', async () => {
  const { add, runAll, log } = makeTurns();
  for (let i = 0; i < 50; i += 1) add(`sign-up ${i}`, { client: 'home', isSignUp: true });
  add('sign-in', { client: 'home' });
  await runAll(51);
  expect(log.indexOf('sign-in')).toBe(1);
});

it('a client whose sign-ups fill its queue can still sign in, and others can do anything', async () => {
  const { add, runAll, log, refused } = makeTurns({ waitingPerClient: 10 });
  for (let i = 0; i < 20; i += 1) add(`sign-up ${i}`, { client: 'home', isSignUp: true });
  add('sign-in', { client: 'home' });
  add('another', { client: 'elsewhere', isSignUp: true });
  await runAll(13);
  expect(log).toHaveLength(13);
  expect(refused).toHaveLength(9);
  expect(refused.every((name) => name.startsWith('sign-up'))).toBe(true);
});

it('the addresses of one network are one client', async () => {
  const { add, runAll, refused } = makeTurns({ waitingPerClient: 10 });
  for (let i = 0; i < 20; i += 1) add(`${i}`, { client: `2001:db8:1:2::${i}` });
  await runAll(11);
  expect(refused).toHaveLength(9);
});

it('a limit of all that wait holds, and is free again afterwards', async () => {
  const { add, runAll, log, refused } = makeTurns({ waitingInAll: 5 });
  for (let i = 0; i < 10; i += 1) add(`${i}`, { client: `place ${i}` });
  await runAll(6);
  expect(refused).toHaveLength(4);
  for (let i = 0; i < 6; i += 1) add(`again ${i}`, { client: `place ${i}` });
  await runAll(12);
  expect(log).toHaveLength(12);
  expect(refused).toHaveLength(4);
});
