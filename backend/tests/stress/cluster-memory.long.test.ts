import { expect, it } from 'vitest';
import { measureClusterMemory } from './measure-cluster-memory.ts';

/** The most memory in bytes that any of our processes may use, whatever passes through it. */
const limitBytes = 200_000_000;

it('passes 500 MB through a cluster in under 200 MB of memory for each service', async () => {
  await measureClusterMemory(500_000_000, ({ after, peaks }) => {
    console.log(`${after}: ${JSON.stringify(peaks)}`);
    for (const [name, peak] of Object.entries(peaks)) expect(peak, `${name}, ${after}`).toBeLessThan(limitBytes);
  });
});
