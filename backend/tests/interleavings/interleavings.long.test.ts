import { expect, it } from 'vitest';
import { checkInterleavings } from '../check-interleavings.ts';
import { plans } from './plans.ts';
import { simulate } from './simulation.ts';

it('doubles nothing and loses nothing in 10,000 more interleavings', async () => {
  await expect(checkInterleavings(10_000, plans, simulate)).resolves.toBeUndefined();
});
