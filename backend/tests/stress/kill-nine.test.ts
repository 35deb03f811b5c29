import { it } from 'vitest';
import { killAgainAndAgain } from './kill-nine.ts';

it('loses and duplicates nothing in 8 kill -9 of the whole process group under load', { timeout: 300_000 }, () =>
  killAgainAndAgain(8),
);
