import { it } from 'vitest';
import { expectFlatMemory } from './flat-memory.ts';

it('takes 5 GB in, converts it and gives it out in under 200 MB of memory', () => expectFlatMemory(5_000_000_000));
