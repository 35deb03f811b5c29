import { it } from 'vitest';
import { fillAgainAndAgain } from './full-disk.ts';

it('loses nothing and leaves nothing on a disk that is filled at 20 moments', { timeout: 600_000 }, () =>
  fillAgainAndAgain(20),
);
