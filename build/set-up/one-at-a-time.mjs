import { readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { constants, hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isSystemError, SetUpError, say } from './say.mjs';

/** @typedef {import('node:child_process').ChildProcess} ChildProcess */
/**
 * Starts a child and resolves to its exit code (128 + its signal, as a shell says it).
 * @typedef {(spawnChild: () => ChildProcess) => Promise<number>} StartChild
 */
/** @typedef {{ host: string, processes: readonly number[] }} Holder */

const lookAgainMilliseconds = 200;
const signOfLifeMilliseconds = 2_000;
/** A holder in another container or machine cannot be asked: it is dead when its file was not touched for this long. */
const patienceMilliseconds = 15_000;

/**
 * Does work that no other set-up of this clone does at the same time: waits for it, and takes over from one that died.
 * A child that `work` starts is noted beside us, for it may outlive us (kill -9); it is told of our ending signals, and
 * the lock is free when it is gone.
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
  const signsOfLife = setInterval(() => touch(file), signOfLifeMilliseconds);
  try {
    await work(async (spawnChild) => {
      if (ending !== undefined) throw new SetUpError('Set-up was ended.');
      child = spawnChild();
      if (child.pid !== undefined) note(file, [process.pid, child.pid]);
      const code = await exitCodeOf(child);
      // The child may be gone before we hear of the signal that both of us were sent.
      ending ??= signals.find((signal) => code === 128 + constants.signals[signal]);
      return code;
    });
  } finally {
    clearInterval(signsOfLife);
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
  const isGone = watchHolder();
  let told = false;
  while (!create(file)) {
    const holder = readHolder(file);
    if (holder === undefined) continue;
    if (isGone(holder, file)) {
      takeAway(file, isGone);
      continue;
    }
    if (!told) {
      say(`Waiting for another set-up in this folder (process ${holder.processes.join(', ')}; it holds ${file}).`);
      told = true;
    }
    await delay(lookAgainMilliseconds);
  }
}

/**
 * Removes a dead holder's lock. Two may see the same dead holder, and the slower must not remove the lock that the faster
 * has taken since: so only one at a time looks again and removes.
 * @param {string} file
 * @param {ReturnType<typeof watchHolder>} isGone
 */
function takeAway(file, isGone) {
  const permit = `${file}.broken`;
  if (!create(permit)) {
    const other = readHolder(permit);
    // It takes a moment; whoever died in it must not block all others.
    if (other !== undefined && isGone(other, permit)) rmSync(permit, { force: true });
    return;
  }
  try {
    const holder = readHolder(file);
    if (holder !== undefined && isGone(holder, file)) rmSync(file, { force: true });
  } finally {
    rmSync(permit, { force: true });
  }
}

/**
 * Creates the file with us as its holder; false where there is one.
 * @param {string} file
 */
function create(file) {
  try {
    writeFileSync(file, holderText([process.pid]), { flag: 'wx' });
    return true;
  } catch (error) {
    if (isSystemError(error, 'EEXIST')) return false;
    if (isSystemError(error, 'EACCES', 'EPERM', 'EROFS')) {
      throw new SetUpError(`Something has to be installed first, and this folder cannot be written: ${dirname(file)}.`);
    }
    throw error;
  }
}

/**
 * @param {string} file
 * @param {readonly number[]} processes
 */
function note(file, processes) {
  writeFileSync(`${file}.${process.pid}`, holderText(processes));
  renameSync(`${file}.${process.pid}`, file);
}

/** @param {readonly number[]} processes */
const holderText = (processes) => JSON.stringify({ host: hostname(), processes });

/** @param {string} file */
function touch(file) {
  try {
    utimesSync(file, new Date(), new Date());
  } catch (error) {
    // Somebody who was told its name has removed it.
    if (!isSystemError(error, 'ENOENT')) throw error;
  }
}

/**
 * @param {string} file
 * @returns {Holder | undefined} undefined when it has just been freed
 */
function readHolder(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return undefined;
    // Being written at this moment, or left half written by a death: time tells.
    if (error instanceof SyntaxError) return { host: '', processes: [] };
    throw error;
  }
}

/** Remembers since when it has seen each file untouched, by our own clock: those of two machines need not agree. */
function watchHolder() {
  /** @type {Map<string, { touched: number, since: number }>} */
  const seen = new Map();
  /**
   * @param {Holder} holder
   * @param {string} file
   */
  return (holder, file) => {
    if (holder.host === hostname()) return !holder.processes.some(isRunning);
    const touched = statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    const before = seen.get(file);
    if (before?.touched === touched) return performance.now() - before.since > patienceMilliseconds;
    seen.set(file, { touched, since: performance.now() });
    return false;
  };
}

/** @param {number} pid */
function isRunning(pid) {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return !isSystemError(error, 'ESRCH');
  }
  // A dead process whose parent has not asked after it keeps its number, in a container without an init for good.
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
