import { it } from 'vitest';
import { expectZerosHarmless } from './zeros.ts';

it('takes 220 MB of zeros for no media in under 200 MB of memory, or refuses them where the limit is lower', () =>
  expectZerosHarmless(220_000_000));
