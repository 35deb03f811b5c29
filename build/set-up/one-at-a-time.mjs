import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { readIfThere } from './packages.mjs';
import { isSystemError, SetUpError, say } from './say.mjs';

/** @typedef {import('node:child_process').ChildProcess} ChildProcess */
/**
 * Starts a child and resolves to its exit code, or 128 + its signal, as in a shell.
 * @typedef {(spawnChild: () => ChildProcess) => Promise<number>} StartChild
 */

const lookAgainMilliseconds = 200;

/**
 * Does `work` while no other set-up of this clone does: waits for the other, or takes over the lock of one that died.
 * The lock also names the child that `work` starts, because a child may outlive us (kill -9). The child gets our ending signals, and the
 * lock is free once both are gone.
 * @param {string} root
 * @param {(start: StartChild) => Promise<void>} work
 */
export async function oneAtATime(root, work) {
  const file = join(root, '.set-up.lock');
  await take(file);
  /** @type {ChildProcess | undefined} */
  let child;
  /** @type {NodeJS.Signals | undefined} */
  let ending;
  /** @param {NodeJS.Signals} signal */
  const end = (signal) => {
    ending = signal;
    child?.kill(signal);
  };
  const signals = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);
  for (const signal of signals) process.on(signal, end);
  try {
    await work(async (spawnChild) => {
      if (ending !== undefined) throw new SetUpError('Set-up was ended.');
      child = spawnChild();
      if (child.pid !== undefined) note(file, [process.pid, child.pid]);
      const code = await exitCodeOf(child);
      // The child may end before we get the signal that was sent to both.
      ending ??= signals.find((signal) => code === 128 + constants.signals[signal]);
      return code;
    });
  } finally {
    for (const signal of signals) process.off(signal, end);
    rmSync(file, { force: true });
    if (ending !== undefined) process.exit(128 + constants.signals[ending]);
  }
}

/** @param {ChildProcess} child */
async function exitCodeOf(child) {
  return await new Promise((/** @type {(code: number) => void} */ resolve, reject) => {
    child.once('error', (error) => reject(new SetUpError(`A program cannot be started: ${error.message}`)));
    child.once('exit', (code, signal) => resolve(signal === null ? (code ?? 1) : 128 + constants.signals[signal]));
  });
}

/** @param {string} file */
async function take(file) {
  let told = false;
  while (!create(file)) {
    const holders = readIfThere(file);
    if (holders === undefined) continue;
    if (!processesIn(holders).some(isRunning)) {
      removeIfStill(file, holders);
      continue;
    }
    if (!told) {
      say(`Waiting for another set-up in this folder (process ${processesIn(holders).join(', ')}; it holds ${file}).`);
      told = true;
    }
    await delay(lookAgainMilliseconds);
  }
}

/**
 * Removes a dead holder's lock. Two processes may see the same dead holder, and the slower must not remove the lock that the faster has
 * taken since: if the file that it moved aside has changed, it puts the file back.
 * @param {string} file
 * @param {string} seen
 */
function removeIfStill(file, seen) {
  const aside = `${file}.${process.pid}.old`;
  try {
    renameSync(file, aside);
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return;
    throw error;
  }
  if (readIfThere(aside) === seen) rmSync(aside, { force: true });
  else renameSync(aside, file);
}

/**
 * Creates the complete lock file, with us as its holder, in one step. Returns false if there is one.
 * @param {string} file
 */
function create(file) {
  const draft = `${file}.${process.pid}.new`;
  try {
    writeFileSync(draft, String(process.pid));
    linkSync(draft, file);
    return true;
  } catch (error) {
    if (isSystemError(error, 'EEXIST')) return false;
    if (isSystemError(error, 'EACCES', 'EPERM', 'EROFS')) {
      throw new SetUpError(`Something has to be installed first, and this folder cannot be written: ${dirname(file)}.`);
    }
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

/**
 * @param {string} file
 * @param {readonly number[]} processes
 */
function note(file, processes) {
  writeFileSync(`${file}.${process.pid}`, processes.join(' '));
  renameSync(`${file}.${process.pid}`, file);
}

/** @param {string} holders */
const processesIn = (holders) =>
  holders
    .split(' ')
    .map(Number)
    .filter((pid) => pid > 0);

/** @param {number} pid */
function isRunning(pid) {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return !isSystemError(error, 'ESRCH');
  }
  // A zombie keeps its process id until its parent waits for it: for ever, in a container without an init.
  return !(process.platform === 'linux' && /^State:\t[ZX]/m.test(processStatus(pid)));
}

/** @param {number} pid */
function processStatus(pid) {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ESRCH')) return '';
    throw error;
  }
}
