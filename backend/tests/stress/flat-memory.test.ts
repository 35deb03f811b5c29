import { it } from 'vitest';
import { expectFlatMemory } from './flat-memory.ts';

it('takes 500 MB in, converts it and gives it out in under 200 MB of memory', { timeout: 180_000 }, () =>
  expectFlatMemory(500_000_000),
);
