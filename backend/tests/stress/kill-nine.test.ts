import { it } from 'vitest';
import { killAgainAndAgain } from './kill-nine.ts';

it('loses and doubles nothing over 8 kill -9 of the whole process group under load', { timeout: 300_000 }, () =>
  killAgainAndAgain(8),
);
