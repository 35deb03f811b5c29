import { it } from 'vitest';
import { killAgainAndAgain } from './kill-nine.ts';

it('loses and duplicates nothing in 50 kill -9 of the whole process group under load', () => killAgainAndAgain(50));
