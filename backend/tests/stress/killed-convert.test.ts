import { afterAll, beforeAll, expect, it } from 'vitest';
import { type KilledConvert, openKilledConvert } from './killed-convert.ts';
import { chooseSeed, createSeededRandom } from './seeded-random.ts';

const kills = 5;

let killed: KilledConvert;
beforeAll(async () => {
  killed = await openKilledConvert();
});
afterAll(() => killed[Symbol.asyncDispose]());

it('a convert removes what a killed convert left behind', { timeout: 180_000 }, async () => {
  const random = createSeededRandom(chooseSeed(`${kills} kills of convert`));
  const steps = await killed.count();
  expect(steps).toBeGreaterThan(kills);
  for (let kill = 0; kill < kills; kill += 1) {
    const step = 1 + Math.floor(random.between(kill, kill + 1) * (steps / kills));
    console.log(`killed before ${await killed.killAt(step)}`);
  }
});
