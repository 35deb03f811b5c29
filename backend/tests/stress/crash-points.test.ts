import { afterAll, beforeAll, expect, it } from 'vitest';
import { type CrashPoints, openCrashPoints } from './crash-points.ts';
import { chooseSeed, createSeededRandom } from './seeded-random.ts';

/** So many deaths, spread over all steps; every second one is followed by another, in the middle of putting things right. */
const deaths = 8;
const stepsOfRecovery = { first: 10, last: 60 };

let points: CrashPoints;
beforeAll(async () => {
  points = await openCrashPoints();
});
afterAll(() => points[Symbol.asyncDispose]());

it('puts everything right after a kill -9 just before any step that outlives the process', {
  timeout: 300_000,
}, async () => {
  const random = createSeededRandom(chooseSeed(`${deaths} deaths`));
  const steps = await points.count();
  expect(steps).toBeGreaterThan(100);
  for (let death = 0; death < deaths; death += 1) {
    const step = 1 + Math.floor(random.between(death, death + 1) * (steps / deaths));
    const second = Math.floor(random.between(stepsOfRecovery.first, stepsOfRecovery.last));
    const told = await points.dieAt(...(death % 2 === 0 ? [step] : [step, second]));
    console.log(`died before ${told.join(', then before ')}`);
  }
});
