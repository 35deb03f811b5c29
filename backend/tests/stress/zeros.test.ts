import { it } from 'vitest';
import { expectZerosHarmless, startSingleServer } from './zeros.ts';

it('fails 220 MB of zeros as not_media in under 200 MB of memory, or refuses them if the limit is lower', () =>
  expectZerosHarmless(220_000_000, startSingleServer));
