import { it } from 'vitest';
import { chooseSeed } from '../stress/seeded-random.ts';
import { runChaos } from './chaos.ts';

it(
  '20 conversions of five people end as they should while everything dies, freezes, breaks and repeats',
  { timeout: 300_000 },
  () => runChaos({ seed: chooseSeed('chaos'), conversions: 20, minutes: 0, say: console.log }),
);
