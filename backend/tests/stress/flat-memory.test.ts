import { it } from 'vitest';
import { expectFlatMemory } from './flat-memory.ts';

it('receives 500 MB, converts them and serves the MP3 in under 200 MB of memory', { timeout: 180_000 }, () =>
  expectFlatMemory(500_000_000),
);
