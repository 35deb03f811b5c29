// npm test [-- PART-OF-A-PATH…]: the checks, then the unit tests, then the app's specs. npm run test:long (--long): the tests that take hours.
// The last line is "N passed, N failed, N skipped". Exits with 1 when anything failed or no test ran.
import { join, relative } from 'node:path';
import { inspect } from 'node:util';
import { prepareMongoForTests } from '../../backend/tests/servers/private-mongodb.ts';
import { buildStaleBundles } from '../app/bundles.ts';
import { findElectron } from '../app/electron-binary.ts';
import { runChecks } from '../check/run-checks.ts';
import { checks } from '../check/tools.ts';
import { runPlaywright, runVitest, type TestResult } from './runners.ts';

const root = join(import.meta.dirname, '..', '..');
const words = process.argv.slice(2);
const long = words.includes('--long');
const filters = words.filter((word) => word !== '--long');
const hours = 3_600_000;
const milliseconds = (long ? 48 : 1) * hours;
const config = (name: string) => join(root, 'build', `${name}${long ? '.long' : ''}.config.ts`);
const print = (text: string) => process.stdout.write(text);

const stages: readonly (() => Promise<readonly TestResult[]>)[] = [
  async () => (await runChecks(checks, print)).map((name) => ({ name: `check: ${name}`, state: 'failed', seconds: 0 })),
  async () => {
    await prepareMongoForTests();
    return [];
  },
  () => runVitest({ config: config('vitest'), filters, milliseconds }),
  async () => {
    const { isStandIn } = await findElectron();
    await buildStaleBundles();
    print(`\nThe app, on ${isStandIn ? 'the stand-in for Electron' : 'Electron'}:\n`);
    return await runPlaywright({ config: config('playwright'), filters, milliseconds });
  },
];

process.chdir(root);
const results: TestResult[] = [];
for (const stage of stages) {
  try {
    results.push(...(await stage()));
  } catch (error) {
    print(`\n${inspect(error)}\n`);
    results.push({ name: String(error).split('\n')[0] ?? '', state: 'failed', seconds: 0 });
  }
}
const slowest = results.toSorted((one, other) => other.seconds - one.seconds).slice(0, 10);
print('\nThe slowest tests:\n');
for (const { name, seconds } of slowest) print(`${seconds.toFixed(1).padStart(8)} s  ${relativeName(name)}\n`);
const failures = results.filter(({ state }) => state === 'failed');
if (failures.length > 0) print('\nWhat failed:\n');
for (const { name } of failures) print(`  ${relativeName(name)}\n`);
const count = (state: TestResult['state']) => results.filter((result) => result.state === state).length;
const passed = count('passed');
print(`\n${passed} passed, ${failures.length} failed, ${count('skipped')} skipped\n`);
process.exitCode = failures.length > 0 || passed === 0 ? 1 : 0;

function relativeName(name: string): string {
  return name.startsWith(root) ? relative(root, name) : name;
}
