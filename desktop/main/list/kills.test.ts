import { afterAll, beforeAll, expect, it } from 'vitest';
import { chooseSeed, createSeededRandom } from '../../../backend/tests/stress/seeded-random.ts';
import { type KilledList, openKilledList } from '../../tests/killed-list.ts';

const kills = 13;

let killed: KilledList;
beforeAll(async () => {
  killed = await openKilledList();
}, 60_000);
afterAll(() => killed[Symbol.asyncDispose]());

it('a list that is killed many times saves each video once', { timeout: 120_000 }, async () => {
  await killed.killAtRandom(kills, createSeededRandom(chooseSeed(`${kills} kills of the list`)));
});

it.each([
  ['its MP3 gets its name', /files\.link/],
  ['the name that it had while it was written goes', /files\.rm \S+\/videos\/\.soundlift-\S+\.part/],
])('a list that is killed just before %s resumes', { timeout: 60_000 }, async (_moment, step) => {
  expect(await killed.killBefore(step)).toMatch(step);
});
