import { afterAll, beforeAll, expect, it } from 'vitest';
import { type CrashPoints, openCrashPoints } from './crash-points.ts';
import { chooseSeed, createSeededRandom } from './seeded-random.ts';

let points: CrashPoints;
beforeAll(async () => {
  points = await openCrashPoints();
});
afterAll(() => points[Symbol.asyncDispose]());

it.each([
  ['an upload is durable but not yet acknowledged', /answer\.end \{"id"/],
  ['an MP3 is stored but its conversion is not yet done', /statement\.run \S+ \S+ done \S+Z \{/],
  ['a conversion is done but has no notification yet', /statement\.run [\w-]{32} /],
  ['a notification was sent but this is not yet recorded', /statement\.run [\w-]{32} \[\{"conversionId"/],
])('recovers from a kill -9 when %s', async (_when, pattern) => {
  const [died] = await points.dieAt(pattern);
  expect(died).toMatch(pattern);
});

it('recovers from a kill -9 before random steps with lasting effects', {
  timeout: 300_000,
}, async () => {
  const deaths = 5;
  const steps = await points.count();
  const random = createSeededRandom(chooseSeed(`${deaths} deaths`));
  for (let death = 0; death < deaths; death += 1) {
    const step = 1 + Math.floor(random.between(death, death + 1) * (steps / deaths));
    // After every second death, the server dies again during its recovery.
    const second = Math.floor(random.between(10, 60));
    const told = await points.dieAt(...(death % 2 === 0 ? [step] : [step, second]));
    console.log(`died before ${told.join(', then before ')}`);
  }
});
