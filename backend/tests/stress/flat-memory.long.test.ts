import { it } from 'vitest';
import { expectFlatMemory } from './flat-memory.ts';

it('receives 5 GB, converts them and serves the MP3 in under 200 MB of memory', () => expectFlatMemory(5_000_000_000));
