import { type MemoryStep, measureClusterMemory } from '../../../backend/tests/stress/measure-cluster-memory.ts';
import { findOnPath } from '../../set-up/programs.mjs';
import type { Row } from '../row.ts';

const limitBytes = 200_000_000;

export const memoryOfCluster: Row = {
  name: 'cluster-memory',
  what: 'peak memory of each service without ffmpeg, with a video of 500 MB, or of 5 GB on a real mongod',
  against: 'a constant',
  limit: '< 200 MB each',
  async measure() {
    // The tests' own MongoDB holds what it sends in its memory.
    const bytes = findOnPath('mongod') === undefined ? 500_000_000 : 5_000_000_000;
    const steps: MemoryStep[] = [];
    // What was measured before a failure is worth printing, too.
    const crowded = await measureClusterMemory(bytes, (step) => void steps.push(step)).catch(
      (error: unknown) => new Error('the measurement failed', { cause: error }),
    );
    const highest = Math.max(...steps.flatMap(({ peaks }) => Object.values(peaks)));
    return {
      holds: !(crowded instanceof Error) && highest < limitBytes,
      notes: [
        `a video of ${bytes / 1e6} MB`,
        ...steps.map(describe),
        crowded instanceof Error ? `FAILED: ${String(crowded.cause)}` : `without a limit: ${describe(crowded)}`,
      ],
    };
  },
};

function describe({ after, peaks }: MemoryStep): string {
  const each = Object.entries(peaks).map(([name, bytes]) => `${name} ${Math.round(bytes / 1e6)} MB`);
  return `${after}: ${each.join(', ')}`;
}
