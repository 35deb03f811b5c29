// Makes a clone ready and starts one of its scripts: node build/set-up.mjs [--for-tests | --for-cluster | --packages-only] SCRIPT ARGS…
// Runs on the machine's own Node (20 or later) before anything is installed, hence no TypeScript and no packages here
// and in set-up/. Standard output is the script's: whatever set-up has to say goes to standard error.
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { handOver } from './set-up/hand-over.mjs';
import { packagesAreInStep } from './set-up/packages.mjs';
import { hasElectron, missingPrograms, programsFor, programsForCluster } from './set-up/programs.mjs';
import { SetUpError, say } from './set-up/say.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** @param {readonly string[]} commandLine */
function parse(commandLine) {
  const [first, ...rest] = commandLine;
  if (first === '--for-tests') return { programs: programsFor('tests', hasElectron(root)), words: rest };
  if (first === '--for-cluster') return { programs: programsForCluster(), words: rest };
  if (first === '--packages-only') return { programs: [], words: rest };
  return { programs: programsFor('conversions'), words: [...commandLine] };
}

async function setUp() {
  const { programs, words } = parse(process.argv.slice(2));
  const [script, ...args] = words;
  if (script === undefined)
    throw new SetUpError('Usage: node build/set-up.mjs [--for-tests | --for-cluster | --packages-only] SCRIPT ARGS…');
  if (!packagesAreInStep(root) || missingPrograms(programs).length > 0) {
    const { installWhatIsMissing } = await import('./set-up/install.mjs');
    await installWhatIsMissing(root, programs);
  }
  await handOver(root, resolve(root, script), args);
}

try {
  await setUp();
} catch (error) {
  if (!(error instanceof SetUpError)) throw error;
  say(error.message);
  process.exitCode = 1;
}
