import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { describeDifferentClocks } from './different-clocks.ts';
import { describeLongJobs } from './long-jobs.ts';
import { type Clocks, type StrainedCluster, startStrainedCluster } from './strained-cluster.ts';

/** Registers vitest's tests, which share one cluster: starting it takes longer than most of them. */
export function describeStrainedCluster(
  clocks: Clocks,
  { heldSeconds, more }: { readonly heldSeconds: number; readonly more?: (cluster: () => StrainedCluster) => void },
): void {
  let started: StrainedCluster | undefined;
  const cluster = (): StrainedCluster => started ?? expect.unreachable();
  beforeAll(async () => {
    started = await startStrainedCluster(clocks);
  }, 180_000);
  afterEach(() => started?.ffmpeg.release());
  afterAll(() => started?.[Symbol.asyncDispose]());

  describeLongJobs(cluster, heldSeconds);
  more?.(cluster);
  describeDifferentClocks(cluster);
}
