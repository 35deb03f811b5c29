import { it } from 'vitest';
import { expectZerosHarmless, startCluster, startSingleServer } from './zeros.ts';

it.each([
  ['a server in a single process', startSingleServer],
  ['a cluster', startCluster],
])(
  '%s fails 2.2 GB of zeros as not_media in under 200 MB of memory, or refuses them if the limit is lower',
  (_name, start) => expectZerosHarmless(2_200_000_000, start),
);
