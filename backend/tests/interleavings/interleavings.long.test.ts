import { expect, it } from 'vitest';
import { checkInterleavings } from '../check-interleavings.ts';
import { plans } from './plans.ts';
import { openEmbeddedStores } from './simulated-stores.ts';
import { simulate } from './simulation.ts';

it('doubles nothing and loses nothing in 10,000 more interleavings', async () => {
  const checked = checkInterleavings(10_000, plans, (scheduler, plan) => simulate(scheduler, plan, openEmbeddedStores));
  await expect(checked).resolves.toBeUndefined();
});
