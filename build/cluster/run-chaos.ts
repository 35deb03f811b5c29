// npm run chaos [-- --minutes N] [--conversions N] [--seed N]: disturbs a cluster in every way while five people send it videos. Prints
// what happened and when. Exits with 1 if anything was lost, repeated or left behind.
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { runChaos } from '../../backend/tests/chaos/chaos.ts';
import { say } from '../set-up/say.mjs';

const maxSeed = 2 ** 32;
const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    conversions: { type: 'string', default: '200' },
    seed: { type: 'string', default: String(randomInt(maxSeed)) },
  },
});
const [minutes, conversions, seed] = [Number(values.minutes), Number(values.conversions), Number(values.seed)];
const print = (line: string): void => void process.stdout.write(`${line}\n`);
print(`npm run chaos -- --minutes ${minutes} --conversions ${conversions} --seed ${seed}`);
try {
  await runChaos({ seed, conversions, minutes, say: print });
  print('Nothing was lost, repeated or left behind.');
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
