import { it } from 'vitest';
import { expectZerosHarmless } from './zeros.ts';

it('takes 2.2 GB of zeros for no media in under 200 MB of memory, or refuses them where the limit is lower', () =>
  expectZerosHarmless(2_200_000_000));
