import { describe, it } from 'vitest';
import { plans, plansOfLostWriters } from './plans.ts';
import { checkTwoSets } from './simulation.ts';

describe('two sets of services over one set of parts', () => {
  it('lose, double and mix nothing of five people in 5,000 interleavings', async () => {
    await checkTwoSets(5000, plans);
  });

  it('lose, double and mix nothing of uploads whose writers lose their leases in 5,000 interleavings', async () => {
    await checkTwoSets(5000, plansOfLostWriters);
  });
});
