import { describe, expect, it } from 'vitest';
import { checkInterleavings } from '../check-interleavings.ts';
import { plans } from './plans.ts';
import { openEmbeddedStores } from './simulated-stores.ts';
import { type Sabotage, simulate } from './simulation.ts';

/** Writes whatever it was asked to, as if nobody else could have written in between. */
const withoutCompare: Sabotage = (store) => ({
  ...store,
  async replace(_, next) {
    const current = await store.get(next.id);
    return current !== undefined && (await store.replace(current, next));
  },
});

function interleavings(runs: number, sabotage?: Sabotage): Promise<void> {
  return checkInterleavings(runs, plans, (scheduler, plan) => simulate(scheduler, plan, openEmbeddedStores, sabotage));
}

describe('converters, sweepers, notifiers and people that all act at once', () => {
  it('double nothing, lose nothing and change nothing in an illegal way', async () => {
    await interleavings(150);
  });

  it('are found out when the compare-and-set does not compare', async () => {
    const failure: unknown = await interleavings(1000, withoutCompare).catch((error: unknown) => error);
    expect(failure).toHaveProperty('cause.message', expect.stringMatching(/illegal|lost|left over|twice|finished/));
  });
});
