import { afterAll, beforeAll, expect, it } from 'vitest';
import { type CrashPoints, openCrashPoints } from './crash-points.ts';
import { chooseSeed, createSeededRandom } from './seeded-random.ts';

let points: CrashPoints;
beforeAll(async () => {
  points = await openCrashPoints();
});
afterAll(() => points[Symbol.asyncDispose]());

it.each([
  ['an upload is durable and before it is acknowledged', /answer\.end \{"id"/],
  ['an MP3 is stored and before its conversion is done', /statement\.run \S+ \S+ done \S+Z \{/],
  ['a conversion is done and before anybody was told', /statement\.run [\w-]{32} /],
  ['somebody was told and before that is noted', /statement\.run \S+ \S+ done \S+Z [\w-]{32} /],
])('puts everything right after a kill -9 when %s', async (_when, pattern) => {
  const [died] = await points.dieAt(pattern);
  expect(died).toMatch(pattern);
});

it('puts everything right after a kill -9 before any step that outlives the process', {
  timeout: 300_000,
}, async () => {
  const deaths = 5;
  const steps = await points.count();
  const random = createSeededRandom(chooseSeed(`${deaths} deaths`));
  for (let death = 0; death < deaths; death += 1) {
    const step = 1 + Math.floor(random.between(death, death + 1) * (steps / deaths));
    // Every second one is followed by another, while it is put right.
    const second = Math.floor(random.between(10, 60));
    const told = await points.dieAt(...(death % 2 === 0 ? [step] : [step, second]));
    console.log(`died before ${told.join(', then before ')}`);
  }
});
