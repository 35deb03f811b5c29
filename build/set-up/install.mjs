import { spawn } from 'node:child_process';
import { existsSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';
import { withOwnProgramsFirst } from './hand-over.mjs';
import { oneAtATime } from './one-at-a-time.mjs';
import { packagesAreInStep, pinnedNodeRuns, pinnedNodeVersion, stampPackages, unstampPackages } from './packages.mjs';
import {
  findOnPath,
  howToInstall,
  linuxFamily,
  missingPrograms,
  pathVariable,
  withSystemPrograms,
} from './programs.mjs';
import { isSystemError, SetUpError, say } from './say.mjs';

/** @typedef {import('./programs.mjs').Program} Program */
/** @typedef {import('./one-at-a-time.mjs').StartChild} StartChild */

/**
 * Installs packages and programs, or throws a SetUpError that tells a person what to do.
 * @param {string} root
 * @param {readonly Program[]} programs that the script will need
 */
export async function installWhatIsMissing(root, programs) {
  // Check this first, so that nobody waits for the packages before reading it.
  if (missingPrograms(programs).length > 0) refuseUnlessInstallable(missingPrograms(programs));
  await oneAtATime(root, async (start) => {
    // Another set-up may have done it while we waited.
    if (!packagesAreInStep(root)) await installPackages(root, start);
    const missing = missingPrograms(programs);
    if (missing.length > 0) await installPrograms(missing, start);
  });
}

/**
 * @param {string} root
 * @param {StartChild} start
 */
async function installPackages(root, start) {
  const npm = findNpm(root);
  say('Installing the packages that package-lock.json names. It takes about a minute, this once.');
  unstampPackages(root);
  setAsideRunningNode(root);
  const args = [...npm.args, 'ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];
  const environment = withoutOwnPrograms(root);
  // Only the script may write to standard output.
  const code = await start(() => spawn(npm.program, args, { cwd: root, env: environment, stdio: ['ignore', 2, 2] }));
  if (code !== 0) throw new SetUpError('The packages could not be installed; what npm said about it is above.');
  if (!pinnedNodeRuns(root)) {
    throw new SetUpError(
      `Node ${pinnedNodeVersion(root)} did not arrive with the packages: look whether npm's setting "ignore-scripts" is on, or whether Node offers none for ${process.platform} on ${process.arch}.`,
    );
  }
  stampPackages(root);
}

/**
 * The program and first arguments that start npm: the npm that runs us, the one beside this Node, or the one on the PATH.
 * @param {string} root
 * @returns {{ program: string, args: readonly string[] }}
 */
function findNpm(root) {
  const ours = join(root, 'node_modules');
  const node = process.execPath.startsWith(ours)
    ? (process.env['npm_node_execpath'] ?? process.execPath)
    : process.execPath;
  const runningUs = process.env['npm_execpath'];
  const script = [
    runningUs !== undefined && basename(runningUs) === 'npm-cli.js' ? runningUs : undefined,
    join(dirname(node), 'node_modules', 'npm', 'bin', 'npm-cli.js'),
    join(dirname(node), '..', 'lib', 'node_modules', 'npm', 'bin', 'npm-cli.js'),
  ].find((file) => file !== undefined && existsSync(file));
  if (script !== undefined) return { program: node, args: [script] };
  const program = findOnPath('npm', withoutOwnPrograms(root));
  if (program === undefined)
    throw new SetUpError(
      'Soundlift needs npm to install its packages: get Node.js from https://nodejs.org, npm comes with it.',
    );
  return { program, args: [] };
}

/** @param {string} root */
function withoutOwnPrograms(root) {
  const bin = join(root, 'node_modules', '.bin');
  const environment = withOwnProgramsFirst(process.env, bin);
  const variable = pathVariable(environment);
  return { ...environment, [variable]: (environment[variable] ?? '').split(delimiter).slice(1).join(delimiter) };
}

/**
 * Windows cannot delete a running program, and we may run on the Node that npm is about to replace. It can be moved.
 * @param {string} root
 */
function setAsideRunningNode(root) {
  if (process.platform !== 'win32' || !process.execPath.startsWith(join(root, 'node_modules'))) return;
  try {
    renameSync(process.execPath, join(tmpdir(), `soundlift-node-${process.pid}.exe`));
  } catch (error) {
    // npm will report what it cannot replace.
    if (!isSystemError(error, 'EXDEV', 'EPERM', 'EACCES', 'EBUSY', 'ENOENT')) throw error;
  }
}

/** @param {readonly Program[]} missing */
function refuseUnlessInstallable(missing) {
  const family = process.platform === 'linux' ? linuxFamily() : undefined;
  const mayInstall = process.getuid?.() === 0 && family === 'debian' && findOnPath('apt-get') !== undefined;
  const wronglyNamed = missing.some(({ variable }) => variable !== undefined && process.env[variable]);
  if (!mayInstall || wronglyNamed) {
    throw new SetUpError(howToInstall(missing, process.platform, family, process.env));
  }
}

/**
 * @param {readonly Program[]} missing
 * @param {StartChild} start
 */
async function installPrograms(missing, start) {
  refuseUnlessInstallable(missing);
  const names = missing.map(({ debian }) => debian);
  say(`Installing ${names.join(' and ')} with apt-get, this once.`);
  // dpkg needs the administrators' programs.
  const environment = { ...withSystemPrograms(), DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C.UTF-8' };
  let output = '';
  /** @param {...string} args */
  const aptGet = (...args) =>
    start(() => {
      const options = ['-qq', '-o', 'DPkg::Lock::Timeout=300', '-o', 'Dpkg::Use-Pty=0'];
      const child = spawn('apt-get', [...options, ...args], { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding('utf8').on('data', (text) => {
          output += text;
        });
      }
      return child;
    });
  const restoreDaemons = holdDaemons();
  let code;
  try {
    // If the package lists cannot be updated, the old ones may still do.
    await aptGet('update');
    code = await aptGet('install', '--yes', '--no-install-recommends', ...names);
  } finally {
    restoreDaemons();
  }
  if (code !== 0 || missingPrograms(missing).length > 0) {
    say(output.trimEnd());
    throw new SetUpError(`${names.join(' and ')} could not be installed; what apt-get said about it is above.`);
  }
}

const daemonPolicy = '/usr/sbin/policy-rc.d';
const ourPolicy =
  "#!/bin/sh\n# By Soundlift's set-up, for as long as it installs packages: start no service.\nexit 101\n";

/**
 * Debian starts a service when it is installed, unless this file forbids it.
 * @returns {() => void} takes it back
 */
function holdDaemons() {
  // Keep somebody else's policy. Take over our own that a killed set-up left behind.
  if (existsSync(daemonPolicy) && statSync(daemonPolicy).size !== Buffer.byteLength(ourPolicy)) return () => {};
  writeFileSync(daemonPolicy, ourPolicy, { mode: 0o755 });
  return () => rmSync(daemonPolicy, { force: true });
}
