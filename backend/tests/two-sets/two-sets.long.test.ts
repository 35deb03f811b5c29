import { describe, expect, it } from 'vitest';
import { plans, plansOfLostWriters } from './plans.ts';
import { checkTwoSets } from './simulation.ts';
import { withoutFences } from './stepped.ts';

describe('two sets of services over one set of parts', () => {
  it('lose, double and mix nothing of five people in 5,000 interleavings', async () => {
    await checkTwoSets(5000, plans);
  });

  it('lose, double and mix nothing of uploads whose writers lose their leases in 5,000 interleavings', async () => {
    await checkTwoSets(5000, plansOfLostWriters);
  });

  it('are found out when the blob store has no fences', async () => {
    const failure: unknown = await checkTwoSets(3000, plansOfLostWriters, withoutFences).catch(
      (error: unknown) => error,
    );
    expect(failure).toHaveProperty('cause.message', expect.stringMatching(/lost|mixed|left over|stuck|MP3s/u));
  });
});
