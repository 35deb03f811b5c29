import { it } from 'vitest';
import { killAgainAndAgain } from './kill-nine.ts';

it('loses and doubles nothing over 50 kill -9 of the whole process group under load', () => killAgainAndAgain(50));
