import fc from 'fast-check';
import { expect, it } from 'vitest';
import { plans, simulate } from './simulation.ts';

it('doubles nothing and loses nothing in 10,000 more interleavings', { timeout: 30 * 60_000 }, async () => {
  const property = fc.asyncProperty(fc.scheduler(), plans, (scheduler, plan) => simulate(scheduler, plan));
  await expect(fc.assert(property, { numRuns: 10_000 })).resolves.toBeUndefined();
});
