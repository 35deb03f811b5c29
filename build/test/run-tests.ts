// npm test [-- PART-OF-A-PATH…]: the checks, then the tests, then the specs of the app; npm run test:long (--long): those of them
// that take hours.
// The last line counts: "N passed, N failed, N skipped". Ends with 1 when anything failed or no test ran.
import { join } from 'node:path';
import { inspect } from 'node:util';
import { buildStaleBundles } from '../app/bundles.ts';
import { findElectron } from '../app/electron-binary.ts';
import { runChecks } from '../check/run-checks.ts';
import { checks } from '../check/tools.ts';
import { findSpecs, runSpecs } from './run-specs.ts';
import type { Tally } from './tally.ts';

const root = join(import.meta.dirname, '..', '..');
const words = process.argv.slice(2);
const long = words.includes('--long');
const filters = words.filter((word) => word !== '--long');
const minutes = 60_000;
const print = (text: string) => process.stdout.write(text);

process.chdir(root);
const failedChecks = await runChecks(checks, print);
// Vitest colours what goes into a file as well, and decides that as it is loaded.
if (!process.stdout.isTTY) process.env['NO_COLOR'] = '1';
const { runTestFiles } = await import('./run-test-files.ts');
const silenceMilliseconds = long ? 13 * 60 * minutes : 10 * minutes;
const tests = await runTestFiles({
  config: join(root, 'build', long ? 'vitest.long.config.ts' : 'vitest.config.ts'),
  filters,
  silenceMilliseconds,
  print,
});
const specs = await runAppSpecs();
const passed = tests.passed + specs.passed;
const failed = tests.failed + specs.failed;
const skipped = tests.skipped + specs.skipped;

/** The app's own, on bundles that are as new as its sources. */
async function runAppSpecs(): Promise<Tally> {
  const files = findSpecs(join(root, 'desktop', 'e2e'), filters, long);
  if (files.length === 0) return { passed: 0, failed: 0, skipped: 0 };
  try {
    const { isStandIn } = await findElectron();
    await buildStaleBundles();
    print(`\nThe app, on ${isStandIn ? 'the stand-in for Electron' : 'Electron'}:\n`);
    return await runSpecs({ config: join(root, 'build', 'playwright.config.ts'), files, silenceMilliseconds, print });
  } catch (error) {
    print(`\nThe app could not be started: ${inspect(error)}\n`);
    return { passed: 0, failed: 1, skipped: 0 };
  }
}
if (failedChecks.length > 0) print(`\nChecks that failed, each counted as a test: ${failedChecks.join(', ')}\n`);
const allFailed = failed + failedChecks.length;
process.stdout.write(`\n${passed} passed, ${allFailed} failed, ${skipped} skipped\n`, () => {
  // Whatever a test left running must not keep this process.
  process.exit(allFailed > 0 || passed === 0 ? 1 : 0);
});
