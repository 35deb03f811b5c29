import { describe, it } from 'vitest';
import { plans } from './plans.ts';
import { checkTwoSets } from './simulation.ts';

describe('two sets of services over one set of parts', {
  timeout: 10 * 60_000,
}, () => {
  it('lose, double and mix nothing of five people in 75 interleavings, and never get stuck', async () => {
    await checkTwoSets(75, plans);
  });
});
