import { expect, it } from 'vitest';
import { openKilledConvert } from './killed-convert.ts';

it('a convert removes what a convert killed at any step left behind', async () => {
  await using killed = await openKilledConvert();
  const steps = await killed.count();
  expect(steps).toBeGreaterThan(20);
  for (let step = 1; step <= steps; step += 1) console.log(`killed before ${await killed.killAt(step)}`);
});
