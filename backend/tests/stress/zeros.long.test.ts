import { it } from 'vitest';
import { expectZerosHarmless } from './zeros.ts';

it('fails 2.2 GB of zeros as not_media in under 200 MB of memory, or refuses them if the limit is lower', () =>
  expectZerosHarmless(2_200_000_000));
