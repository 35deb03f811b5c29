import { expect, it } from 'vitest';
import { openCrashPoints } from './crash-points.ts';
import { chooseSeed, createSeededRandom } from './seeded-random.ts';

it('recovers from a kill -9 just before every step with lasting effects', async () => {
  await using points = await openCrashPoints();
  const steps = await points.count();
  expect(steps).toBeGreaterThan(100);
  for (let step = 1; step <= steps; step += 1) console.log(`died before ${await points.dieAt(step)}`);
});

it('recovers from a kill -9 and two more during the recovery', async () => {
  await using points = await openCrashPoints();
  const random = createSeededRandom(chooseSeed('40 times three deaths'));
  const steps = await points.count();
  for (let time = 0; time < 40; time += 1) {
    const [first, second, third] = [random.between(20, steps), random.between(10, 80), random.between(10, 80)];
    const told = await points.dieAt(Math.floor(first), Math.floor(second), Math.floor(third));
    console.log(`died before ${told.join(', then before ')}`);
  }
});
