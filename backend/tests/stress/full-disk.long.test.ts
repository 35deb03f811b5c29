import { it } from 'vitest';
import { fillAgainAndAgain } from './full-disk.ts';

it('loses nothing and leaves nothing on a disk that is filled at 200 moments', () => fillAgainAndAgain(200));
