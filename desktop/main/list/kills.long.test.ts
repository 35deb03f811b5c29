import { afterAll, beforeAll, expect, it } from 'vitest';
import { chooseSeed, createSeededRandom } from '../../../backend/tests/stress/seeded-random.ts';
import { type KilledList, openKilledList } from '../../tests/killed-list.ts';

const rounds = 20;
const killsInARound = 12;

let killed: KilledList;
beforeAll(async () => {
  killed = await openKilledList();
});
afterAll(() => killed[Symbol.asyncDispose]());

it('lists that are killed many times save each video once', async () => {
  const random = createSeededRandom(chooseSeed(`${rounds} lists, ${killsInARound} kills each`));
  for (let round = 0; round < rounds; round += 1) await killed.killAtRandom(killsInARound, random);
});

it('a list that is killed before any of its steps resumes', async () => {
  const steps = await killed.countSteps();
  // The number of steps depends on timing, so the last ones may not occur in the next run.
  const last = steps - 5;
  expect(last).toBeGreaterThan(20);
  for (let step = 1; step <= last; step += 1) console.log(`killed before ${await killed.killBefore(step)}`);
});
