// npm test [-- PART-OF-A-PATH…]: the checks, then the tests; npm run test:long (--long): the tests that take hours.
// The last line counts: "N passed, N failed, N skipped". Ends with 1 when anything failed or no test ran.
import { join } from 'node:path';
import { runChecks } from '../check/run-checks.ts';
import { checks } from '../check/tools.ts';

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
const { passed, failed, skipped } = await runTestFiles({
  config: join(root, 'build', long ? 'vitest.long.config.ts' : 'vitest.config.ts'),
  filters,
  silenceMilliseconds: long ? 13 * 60 * minutes : 10 * minutes,
  print,
});
if (failedChecks.length > 0) print(`\nChecks that failed, each counted as a test: ${failedChecks.join(', ')}\n`);
const allFailed = failed + failedChecks.length;
process.stdout.write(`\n${passed} passed, ${allFailed} failed, ${skipped} skipped\n`, () => {
  // Whatever a test left running must not keep this process.
  process.exit(allFailed > 0 || passed === 0 ? 1 : 0);
});
